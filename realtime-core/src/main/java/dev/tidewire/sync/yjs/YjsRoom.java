package dev.tidewire.sync.yjs;

import dev.tidewire.protocol.CloseCode;
import dev.tidewire.sync.yjs.YjsLog.Edit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A document and the clients that have it open. Everything that happens in a room happens in its
 * mailbox, one thing after the other. Safe for any thread.
 */
final class YjsRoom implements YjsLog.Owner {

  /** What may wait for the store, in messages of the largest size. */
  private static final int MAX_WAITING_MESSAGES = 4;

  private final YjsOptions options;
  private final IntConsumer release;
  private final Mailbox mailbox;
  private final AtomicLong waitingBytes = new AtomicLong();

  // How many hold the room open; guarded by the map of rooms.
  int holders;

  // In the mailbox:
  private final YjsLog log;
  private final Awareness awareness = new Awareness();
  private final Set<YjsClient> clients = new LinkedHashSet<>();
  private final List<Runnable> early = new ArrayList<>(2);
  private final List<CompletableFuture<byte[]>> readers = new ArrayList<>(0);
  private boolean ready;
  private int leaving;

  /**
   * @param release lets go of the room as often as is said
   */
  YjsRoom(String name, YjsOptions options, Mailbox mailbox, IntConsumer release) {
    this.options = options;
    this.mailbox = mailbox;
    this.release = release;
    this.log = new YjsLog(name, options.store(), mailbox, this);
  }

  void join(YjsClient client) {
    mailbox.add(
        () -> {
          clients.add(client);
          whenReady(() -> greet(client));
        });
  }

  /** What the server begins with: its state, so that the client sends what is missing here. */
  private void greet(YjsClient client) {
    if (client.mayWrite()) {
      askForMissing(client);
    }
    List<Awareness.State> present = awareness.present();
    if (client.seesOthers() && !present.isEmpty()) {
      client.send(YjsMessages.awareness(Awareness.write(present)));
    }
  }

  private void askForMissing(YjsClient client) {
    client.send(YjsMessages.sync(YjsMessages.STEP_1, log.document().stateVector()));
  }

  /** In the mailbox: runs the task when the document is there. */
  private void whenReady(Runnable task) {
    if (ready) {
      task.run();
      return;
    }
    early.add(task);
    if (!log.isLoading()) {
      log.load();
    }
  }

  @Override
  public void loaded(@Nullable Throwable failure) {
    List<Runnable> tasks = List.copyOf(early);
    early.clear();
    if (failure == null) {
      ready = true;
      tasks.forEach(Runnable::run);
    } else {
      waitingBytes.set(0);
      clients.forEach(client -> client.close(CloseCode.TRY_AGAIN));
      readers.forEach(reader -> reader.completeExceptionally(failure));
      readers.clear();
    }
  }

  void answer(YjsClient client, StateVector has) {
    mailbox.add(
        () ->
            whenReady(
                () ->
                    client.send(
                        YjsMessages.sync(YjsMessages.STEP_2, log.document().missing(has)))));
  }

  /** Everything that is stored, as one update. */
  CompletableFuture<byte[]> read() {
    CompletableFuture<byte[]> read = new CompletableFuture<>();
    mailbox.add(
        () -> {
          readers.add(read);
          whenReady(this::answerReaders);
        });
    return read;
  }

  private void answerReaders() {
    if (!readers.isEmpty()) {
      byte[] all = log.document().merged();
      readers.forEach(reader -> reader.complete(all.clone()));
      readers.clear();
    }
  }

  void edit(YjsClient client, UpdateCheck update) {
    long size = update.update().length;
    long most = (long) MAX_WAITING_MESSAGES * options.messageBytes();
    if (waitingBytes.addAndGet(size) > most && most > 0) {
      waitingBytes.addAndGet(-size);
      client.close(CloseCode.TRY_AGAIN); // the store does not keep up
      return;
    }
    mailbox.add(() -> whenReady(() -> take(new Edit(update, client))));
  }

  private void take(Edit edit) {
    YjsDocument document = log.document();
    long more = log.pendingBytes() + edit.update().update().length;
    if (!document.lacks(edit.update())) {
      done(edit);
    } else if (!edit.from().mayWrite()) {
      done(edit);
      edit.from().deny();
    } else if (options.roomBytes() > 0
        && document.sizeWith(more, options.roomBytes()) > options.roomBytes()) {
      done(edit);
      edit.from().refuse("the document is too large", CloseCode.YJS_TOO_BIG);
    } else {
      log.append(edit);
    }
  }

  private void done(Edit edit) {
    waitingBytes.addAndGet(-edit.update().update().length);
  }

  @Override
  public void stored(Edit edit) {
    done(edit);
    byte[] message = YjsMessages.sync(YjsMessages.UPDATE, edit.update().update());
    for (YjsClient client : clients) {
      if (client != edit.from()) {
        client.send(message);
      }
    }
    if (log.document().hasGapsWhere(edit.update()) && edit.from().mayBeAsked()) {
      askForMissing(edit.from());
    }
  }

  /** The sender comes back, learns what is missing here, and sends it again. */
  @Override
  public void notStored(Edit edit) {
    done(edit);
    edit.from().close(CloseCode.TRY_AGAIN);
  }

  void show(YjsClient client, List<Awareness.State> states, long now) {
    mailbox.add(
        () -> {
          if (clients.contains(client)) { // not one that has left
            tell(awareness.apply(states, client, now));
            List<Awareness.State> gone = awareness.contradicted(states);
            if (!gone.isEmpty()) {
              client.send(YjsMessages.awareness(Awareness.write(gone)));
            }
          }
        });
  }

  /** Tells the sender too: a stock client that hears nothing takes the server for dead. */
  private void tell(List<Awareness.State> news) {
    if (!news.isEmpty()) {
      byte[] message = YjsMessages.awareness(Awareness.write(news));
      clients.stream().filter(YjsClient::seesOthers).forEach(client -> client.send(message));
    }
  }

  void tellWhoIsHere(YjsClient client) {
    mailbox.add(() -> client.send(YjsMessages.awareness(Awareness.write(awareness.present()))));
  }

  /** Looks after clients that have gone silent. */
  void sweep(long now) {
    mailbox.add(() -> tell(awareness.outdated(now)));
  }

  void leave(YjsClient client, long now) {
    mailbox.add(
        () -> {
          clients.remove(client);
          tell(awareness.leave(client, now));
          letGo();
        });
  }

  /** A reader needs the room no longer. */
  void leave() {
    mailbox.add(this::letGo);
  }

  private void letGo() {
    leaving++;
    if (ready && clients.isEmpty()) {
      log.rest();
    }
    if (!log.isBusy()) {
      idle();
    }
  }

  @Override
  public void idle() {
    if (leaving > 0) {
      int count = leaving;
      leaving = 0;
      release.accept(count);
    }
  }
}
