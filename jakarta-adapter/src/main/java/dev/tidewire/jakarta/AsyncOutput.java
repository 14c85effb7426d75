package dev.tidewire.jakarta;

import dev.tidewire.transport.Connection;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.WriteListener;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The body of an asynchronous answer, written without ever waiting for the client. Whoever writes
 * when nothing is under way writes himself; what comes meanwhile is taken over by the thread at
 * work, or, when the client must be waited for, by the container's.
 *
 * <p>Safe for any thread. The container is never called under the lock.
 */
final class AsyncOutput implements WriteListener, AsyncListener {

  private static final Logger log = LoggerFactory.getLogger(AsyncOutput.class);

  private final Executor closing;

  private final ReentrantLock lock = new ReentrantLock();
  private final ArrayDeque<Part> waiting = new ArrayDeque<>(2);
  private State state = State.BLOCKED; // until the container says that writing is possible
  private boolean ending;
  private boolean ended;
  private long progress;
  private Runnable onEnd = () -> {};
  private @Nullable AsyncContext async;

  // Of the thread at work alone, which the container calls the first time.
  private @Nullable ServletOutputStream out;
  private @Nullable Part toFlush;
  private @Nullable Part toComplete;

  private enum State {
    /** Nothing to write. */
    IDLE,
    /** A thread is at work. */
    WRITING,
    /** A thread at work asks whether it may go on; the container may call before it answers. */
    ASKING,
    /** The container will call when the client has taken something. */
    BLOCKED,
    /** Over. */
    DONE
  }

  @SuppressWarnings("ArrayRecordComponent") // never handed out
  private record Part(byte[] bytes, Connection.@Nullable Completion completion) {}

  /**
   * @param closing ends answers that are stuck: some containers wait for the client when they do
   */
  AsyncOutput(Executor closing) {
    this.closing = closing;
  }

  /**
   * Takes over the request, on the thread that the container gave it.
   *
   * @param timeoutMs after this long the request is ended; 0 for never
   * @param whenEnded called once when the container has let go of the request
   */
  void attach(AsyncContext context, long timeoutMs, Runnable whenEnded) {
    lock.lock();
    try {
      async = context;
      onEnd = whenEnded;
    } finally {
      lock.unlock();
    }
    context.setTimeout(timeoutMs);
    context.addListener(this);
  }

  /** Begins to write, also what was given to {@link #write} before; on any thread. */
  void begin(ServletResponse response) throws IOException {
    ServletOutputStream output = response.getOutputStream();
    out = output;
    output.setWriteListener(this);
  }

  /** Writes when everything before it is written, then calls the completion, if there is one. */
  void write(byte[] bytes, Connection.@Nullable Completion completion) {
    boolean mine;
    lock.lock();
    try {
      if (state == State.DONE || ending) {
        mine = false;
      } else {
        waiting.add(new Part(bytes, completion));
        mine = takeWork();
        completion = null; // it will be called by whoever writes
      }
    } finally {
      lock.unlock();
    }
    if (mine) {
      pump();
    } else if (completion != null) {
      completion.failed(new IOException("the answer has ended"));
    }
  }

  /** Ends the answer after what waits and this; at once if the client takes nothing just now. */
  void end(byte[] last) {
    boolean mine;
    lock.lock();
    try {
      if (state == State.DONE) {
        return;
      }
      boolean stuck = progress > 0 && state == State.BLOCKED;
      if (stuck || ending) {
        state = State.DONE;
        mine = false;
      } else {
        ending = true;
        waiting.add(new Part(last, null));
        mine = takeWork();
        if (!mine) {
          return;
        }
      }
    } finally {
      lock.unlock();
    }
    if (mine) {
      pump();
    } else {
      closing.execute(this::complete);
    }
  }

  /** Ends it as broken. */
  void abort(Throwable cause) {
    fail(cause, true);
  }

  /** How often something was written; what waits for the client makes no progress. */
  long progress() {
    lock.lock();
    try {
      return progress;
    } finally {
      lock.unlock();
    }
  }

  boolean isBlocked() {
    lock.lock();
    try {
      return state == State.BLOCKED;
    } finally {
      lock.unlock();
    }
  }

  private boolean takeWork() {
    if (state != State.IDLE) {
      return false;
    }
    state = State.WRITING;
    return true;
  }

  @Override
  public void onWritePossible() {
    lock.lock();
    try {
      if (state != State.BLOCKED && state != State.ASKING) {
        return;
      }
      state = State.WRITING;
    } finally {
      lock.unlock();
    }
    pump();
  }

  private void pump() {
    try {
      while (mayGoOn() && step()) {}
    } catch (IOException | RuntimeException e) {
      fail(e, false);
    }
  }

  /** Says first that the container may have to call again: it may do so before it has answered. */
  private boolean mayGoOn() {
    lock.lock();
    try {
      if (state == State.DONE) {
        return false;
      }
      state = State.ASKING;
    } finally {
      lock.unlock();
    }
    ServletOutputStream to = out;
    boolean ready = to != null && to.isReady();
    lock.lock();
    try {
      if (state != State.ASKING && state != State.BLOCKED) {
        return false; // ended meanwhile, or the container's thread is at work already
      }
      state = ready ? State.WRITING : State.BLOCKED;
      return ready;
    } finally {
      lock.unlock();
    }
  }

  /** Does the next thing; false if there is none. */
  private boolean step() throws IOException {
    ServletOutputStream to = out;
    if (to == null) {
      return false;
    }
    Part flush = toFlush;
    if (flush != null) {
      to.flush();
      toFlush = null;
      toComplete = flush;
      return true;
    }
    Part written = toComplete;
    if (written != null) {
      toComplete = null;
      Connection.Completion completion = written.completion();
      if (completion != null) {
        completion.sent();
      }
      return true;
    }
    Part next = next();
    if (next != null) {
      toFlush = next;
      if (next.bytes().length > 0) {
        to.write(next.bytes());
      }
    }
    return next != null;
  }

  private @Nullable Part next() {
    boolean over;
    lock.lock();
    try {
      Part next = waiting.poll();
      if (next != null) {
        progress++;
        return next;
      }
      over = ending;
      state = over ? State.DONE : State.IDLE;
    } finally {
      lock.unlock();
    }
    if (over) {
      complete();
    }
    return null;
  }

  @Override
  public void onError(Throwable failure) {
    fail(failure, false);
  }

  private void fail(Throwable cause, boolean stuck) {
    List<Part> lost;
    lock.lock();
    try {
      if (state == State.DONE) {
        return;
      }
      state = State.DONE;
      lost = List.copyOf(waiting);
      waiting.clear();
    } finally {
      lock.unlock();
    }
    log.debug("An answer was not taken: {}", cause.toString());
    for (Part part : lost) {
      if (part.completion() != null) {
        part.completion().failed(cause);
      }
    }
    if (stuck) {
      closing.execute(this::complete);
    } else {
      complete();
    }
  }

  private void complete() {
    AsyncContext context;
    lock.lock();
    try {
      context = async;
    } finally {
      lock.unlock();
    }
    try {
      if (context != null) {
        context.complete();
      }
    } catch (RuntimeException e) { // the container was first
      log.debug("An answer had ended: {}", e.toString());
      tellEnd();
    }
  }

  @Override
  public void onComplete(AsyncEvent event) {
    tellEnd();
  }

  private void tellEnd() {
    Runnable last;
    lock.lock();
    try {
      state = State.DONE;
      if (ended) {
        return;
      }
      ended = true;
      last = onEnd;
    } finally {
      lock.unlock();
    }
    last.run();
  }

  @Override
  public void onTimeout(AsyncEvent event) {
    fail(new IOException("timed out"), false);
  }

  @Override
  public void onError(AsyncEvent event) {
    Throwable cause = event.getThrowable();
    fail(cause == null ? new IOException("the connection failed") : cause, false);
  }

  @Override
  public void onStartAsync(AsyncEvent event) {}
}
