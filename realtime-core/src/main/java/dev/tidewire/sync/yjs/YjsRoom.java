package dev.tidewire.sync.yjs;

import dev.tidewire.protocol.CloseCode;
import dev.tidewire.sync.yjs.YjsLog.Edit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A document and the clients that have it open on this node. Everything that happens in a room
 * happens in its mailbox, one thing after the other. Safe for any thread.
 */
final class YjsRoom implements YjsLog.Owner, YjsPeers.Owner {

  /** What may wait for the store, in messages of the largest size. */
  private static final int MAX_WAITING_MESSAGES = 4;

  private final YjsOptions options;
  private final IntPredicate release;
  private final Mailbox mailbox;
  private final AtomicLong waitingBytes = new AtomicLong();

  // How many hold the room open; guarded by the map of rooms.
  int holders;

  // In the mailbox:
  private final YjsLog log;
  private final @Nullable YjsPeers peers; // null where no other node can have it open
  private final Awareness awareness = new Awareness();
  private final Set<YjsClient> clients = new LinkedHashSet<>();
  private final List<Runnable> early = new ArrayList<>(2);
  private final List<CompletableFuture<byte[]>> readers = new ArrayList<>(0);
  private boolean opening;
  private boolean ready;
  private int leaving;

  /**
   * @param nodes where other nodes are told, or null if there are none
   * @param release lets go of the room as often as is said; true if nobody holds it any more
   */
  YjsRoom(
      String name,
      YjsOptions options,
      Mailbox mailbox,
      @Nullable YjsNodes nodes,
      IntPredicate release) {
    this.options = options;
    this.mailbox = mailbox;
    this.release = release;
    this.log = new YjsLog(name, options.store(), mailbox, this);
    this.peers =
        nodes == null ? null : new YjsPeers(name, YjsNodes.topic(name), nodes, mailbox, this);
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
    if (!opening) {
      opening = true;
      if (peers == null) {
        log.load();
      } else {
        peers.follow();
      }
    }
  }

  @Override
  public void following() {
    if (opening && !log.isLoading()) {
      log.load();
    }
  }

  @Override
  public void loaded(@Nullable Throwable failure) {
    if (failure != null) {
      opening = false;
      early.clear();
      waitingBytes.set(0);
      clients.forEach(client -> client.close(CloseCode.TRY_AGAIN));
      readers.forEach(reader -> reader.completeExceptionally(failure));
      readers.clear();
    } else if (peers == null) {
      settled();
    } else {
      peers.begin();
    }
  }

  @Override
  public void settled() {
    ready = true;
    List<Runnable> tasks = List.copyOf(early);
    early.clear();
    tasks.forEach(Runnable::run);
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
    mailbox.add(() -> whenReady(() -> take(new Edit(update, client), client)));
  }

  private void take(Edit edit, YjsClient from) {
    YjsDocument document = log.document();
    long more = log.pendingBytes() + edit.update().update().length;
    if (!document.lacks(edit.update())) {
      done(edit);
    } else if (!from.mayWrite()) {
      done(edit);
      from.deny();
    } else if (options.roomBytes() > 0
        && document.sizeWith(more, options.roomBytes()) > options.roomBytes()) {
      done(edit);
      from.refuse("the document is too large", CloseCode.YJS_TOO_BIG);
    } else {
      log.append(edit);
    }
  }

  private void done(Edit edit) {
    waitingBytes.addAndGet(-edit.update().update().length);
  }

  @Override
  public void stored(Edit edit) {
    YjsClient from = edit.from();
    forward(edit.update().update(), from);
    boolean gaps = log.document().hasGapsWhere(edit.update());
    if (from != null) {
      done(edit);
      if (gaps && from.mayBeAsked()) {
        askForMissing(from);
      }
      if (peers != null) {
        peers.stored(edit.update().update());
      }
    } else if (peers != null) {
      peers.learned(gaps);
    }
  }

  private void forward(byte[] update, @Nullable YjsClient from) {
    byte[] message = YjsMessages.sync(YjsMessages.UPDATE, update);
    for (YjsClient client : clients) {
      if (client != from) {
        client.send(message);
      }
    }
  }

  /** The sender comes back, learns what is missing here, and sends it again; so do other nodes. */
  @Override
  public void notStored(Edit edit) {
    YjsClient from = edit.from();
    if (from != null) {
      done(edit);
      from.close(CloseCode.TRY_AGAIN);
    }
  }

  @Override
  public void found(byte[] update) {
    forward(update, null);
  }

  @Override
  public YjsDocument document() {
    return log.document();
  }

  @Override
  public void learn(UpdateCheck update) {
    if (!log.document().lacks(update)) {
      return;
    }
    if (!options.store().isShared()) {
      log.append(new Edit(update, null));
      return;
    }
    log.learn(update);
    forward(update.update(), null);
    if (peers != null) {
      peers.learned(log.document().hasGapsWhere(update));
    }
  }

  @Override
  public void reload() {
    if (options.store().isShared()) {
      log.reload();
    }
  }

  /** A publication of another node, or of this one. */
  void hear(Supplier<byte[]> publication) {
    mailbox.add(
        () -> {
          if (peers != null) {
            peers.hear(publication.get());
          }
        });
  }

  /** Publications of other nodes can not be heard any more. */
  void lost() {
    mailbox.add(
        () -> {
          if (peers != null) {
            peers.lost();
          }
        });
  }

  /** About once a second, if there may be other nodes. */
  void tick(long now) {
    mailbox.add(
        () -> {
          if (peers != null) {
            log.retry();
            peers.tick(now);
          }
        });
  }

  void show(YjsClient client, List<Awareness.State> states, long now) {
    mailbox.add(
        () -> {
          if (clients.contains(client)) { // not one that has left
            announce(awareness.apply(states, client, now));
            List<Awareness.State> gone = awareness.contradicted(states);
            if (!gone.isEmpty()) {
              client.send(YjsMessages.awareness(Awareness.write(gone)));
            }
          }
        });
  }

  @Override
  public void show(String peer, List<Awareness.State> states, long now) {
    tell(awareness.apply(states, peer, now));
  }

  @Override
  public void gone(String peer, long now) {
    tell(awareness.leave(peer, now));
  }

  @Override
  public List<Awareness.State> ownStates() {
    return awareness.own(awareness.present());
  }

  /** Tells everybody here, and other nodes of those who are connected to this one. */
  private void announce(List<Awareness.State> news) {
    tell(news);
    if (peers != null) {
      peers.show(awareness.own(news));
    }
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
    mailbox.add(() -> announce(awareness.outdated(now)));
  }

  void leave(YjsClient client, long now) {
    mailbox.add(
        () -> {
          clients.remove(client);
          List<Awareness.State> gone = awareness.leave(client, now);
          tell(gone);
          if (peers != null) {
            peers.show(gone);
          }
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
    idle();
  }

  @Override
  public void idle() {
    if (leaving == 0 || log.isBusy() || (peers != null && peers.isBusy())) {
      return;
    }
    int count = leaving;
    leaving = 0;
    if (release.test(count) && peers != null) {
      peers.leave();
    }
  }
}
