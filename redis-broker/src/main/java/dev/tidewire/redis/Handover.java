package dev.tidewire.redis;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * What of one room is to be handed on: whether its listener was told something, and who is to be
 * answered after that. One thread at a time hands on, so that the listener is ready before anybody
 * is answered. Safe for any thread; nothing is called under its lock.
 */
final class Handover {

  private final ReentrantLock lock = new ReentrantLock();
  private boolean isNews;
  private boolean isTaken;
  private List<Runnable> answers = new ArrayList<>();

  void news() {
    lock.lock();
    try {
      isNews = true;
    } finally {
      lock.unlock();
    }
  }

  void answer(Runnable answer) {
    lock.lock();
    try {
      answers.add(answer);
    } finally {
      lock.unlock();
    }
  }

  /** Whether there is something that nobody hands on; then the caller does, by {@link #run}. */
  boolean take() {
    lock.lock();
    try {
      boolean isFree = !isTaken && (isNews || !answers.isEmpty());
      isTaken |= isFree;
      return isFree;
    } finally {
      lock.unlock();
    }
  }

  /**
   * @param answering carries out an answer, which may take its time
   */
  void run(Runnable onReady, Consumer<Runnable> answering) {
    while (true) {
      boolean news;
      List<Runnable> over;
      lock.lock();
      try {
        news = isNews;
        over = answers;
        isTaken = news || !over.isEmpty();
        if (!isTaken) {
          return;
        }
        isNews = false;
        answers = new ArrayList<>();
      } finally {
        lock.unlock();
      }
      try {
        if (news) {
          onReady.run();
        }
      } finally {
        over.forEach(answering);
      }
    }
  }
}
