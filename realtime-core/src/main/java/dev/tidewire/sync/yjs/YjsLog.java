package dev.tidewire.sync.yjs;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A room's document and its store: an edit becomes part of the document, and is told to the room,
 * when it is stored. While one write is under way edits gather and become the next one.
 *
 * <p>Confined to the room's mailbox.
 */
final class YjsLog {

  private static final Logger log = LoggerFactory.getLogger(YjsLog.class);

  /** So many stored updates of an open room are replaced by one. */
  private static final int COMPACT_OPEN = 500;

  /** The same when a room is opened or left. */
  private static final int COMPACT_AT_REST = 20;

  /** An update from a client; null if another node told it. */
  record Edit(UpdateCheck update, @Nullable YjsClient from) {}

  /** What comes of what was asked for; called in the mailbox. */
  interface Owner {
    void loaded(@Nullable Throwable failure);

    void stored(Edit edit);

    void notStored(Edit edit);

    /** The store had something that nobody told. */
    void found(byte[] update);

    /** Nothing is under way any more. */
    void idle();
  }

  private final String room;
  private final YjsStore store;
  private final Mailbox mailbox;
  private final Owner owner;
  private YjsDocument document = new YjsDocument();
  private final Set<String> keys = new LinkedHashSet<>();
  private List<Edit> waiting = new ArrayList<>(1);
  private long pendingBytes;
  private boolean loading;
  private boolean reloading;
  private boolean isReloadDue;
  private boolean writing;
  private boolean compacting;
  private int compactAt = COMPACT_OPEN;

  YjsLog(String room, YjsStore store, Mailbox mailbox, Owner owner) {
    this.room = room;
    this.store = store;
    this.mailbox = mailbox;
    this.owner = owner;
  }

  YjsDocument document() {
    return document;
  }

  boolean isBusy() {
    return loading || reloading || writing || compacting || !waiting.isEmpty();
  }

  boolean isLoading() {
    return loading;
  }

  static <T> CompletionStage<T> call(Supplier<CompletionStage<T>> operation) {
    try {
      return operation.get();
    } catch (RuntimeException e) {
      return CompletableFuture.failedStage(e);
    }
  }

  void load() {
    loading = true;
    call(() -> store.load(room))
        .whenComplete((found, failure) -> mailbox.add(() -> loaded(found, failure)));
  }

  private void loaded(@Nullable Map<String, byte[]> found, @Nullable Throwable failure) {
    loading = false;
    document = new YjsDocument();
    keys.clear();
    if (found != null) {
      found.forEach(this::take);
      compact(COMPACT_AT_REST);
    } else {
      log.atError()
          .addKeyValue("room", room)
          .setCause(failure)
          .log("The room '{}' cannot be loaded; its clients are told to try again", room);
    }
    owner.loaded(failure);
    tellIdle();
  }

  /** One that cannot be read is left where it is: it is not in the way of the others. */
  private void take(String key, byte[] update) {
    try {
      UpdateCheck check = UpdateCheck.of(update);
      if (document.lacks(check)) {
        document.add(check);
      }
      keys.add(key);
    } catch (BadUpdate e) {
      log.atError()
          .addKeyValue("room", room)
          .addKeyValue("reason", e.getMessage())
          .log(
              "Update {} of the room '{}' cannot be read and is left out: {}",
              key,
              room,
              e.getMessage());
    }
  }

  /** Adds an update that another node has stored where this one reads. */
  void learn(UpdateCheck update) {
    document.add(update);
    if (document.pieces() >= COMPACT_OPEN) {
      try {
        document.merged();
      } catch (RuntimeException e) {
        log.atError()
            .addKeyValue("room", room)
            .setCause(e)
            .log("The updates of the room '{}' stay unmerged", room);
      }
    }
  }

  /** Reads again what other nodes have stored; if that fails, at the next {@link #retry}. */
  void reload() {
    isReloadDue = true;
    retry();
  }

  /** Reads again if that is still to be done. */
  void retry() {
    if (!isReloadDue || loading || reloading || compacting) {
      return;
    }
    isReloadDue = false;
    reloading = true;
    Set<String> before = Set.copyOf(keys);
    call(() -> store.load(room))
        .whenComplete((found, failure) -> mailbox.add(() -> reloaded(before, found, failure)));
  }

  /**
   * @param before the keys that were known when the store was asked; what was stored since then is
   *     not among those found
   */
  private void reloaded(
      Set<String> before, @Nullable Map<String, byte[]> found, @Nullable Throwable failure) {
    reloading = false;
    if (found == null) {
      log.debug("The room '{}' cannot be read again now", room, failure);
      isReloadDue = true;
    } else {
      if (keys.removeIf(key -> before.contains(key) && !found.containsKey(key))) {
        compactAt = COMPACT_OPEN; // another node had replaced them
      }
      StateVector had = document.position();
      Contents contents = document.contents(false);
      found.forEach(
          (key, update) -> {
            if (!keys.contains(key)) {
              take(key, update);
            }
          });
      if (!contents.isSameAs(document.contents(false))) {
        owner.found(document.missing(had));
      }
    }
    tellIdle();
  }

  /** Bytes that are to be stored and are not yet. */
  long pendingBytes() {
    return pendingBytes;
  }

  void append(Edit edit) {
    waiting.add(edit);
    pendingBytes += edit.update().update().length;
    write();
  }

  private void write() {
    if (writing || waiting.isEmpty()) {
      return;
    }
    writing = true;
    List<Edit> batch = waiting;
    waiting = new ArrayList<>(1);
    byte[] update = UpdateMerge.merge(batch.stream().map(e -> e.update().update()).toList());
    call(() -> store.append(room, update))
        .whenComplete((key, failure) -> mailbox.add(() -> written(batch, key, failure)));
  }

  private void written(List<Edit> batch, @Nullable String key, @Nullable Throwable failure) {
    writing = false;
    batch.forEach(edit -> pendingBytes -= edit.update().update().length);
    if (key == null) {
      log.atError()
          .addKeyValue("room", room)
          .setCause(failure)
          .log("An update of the room '{}' is not stored; its sender is told", room);
      batch.forEach(owner::notStored);
    } else {
      keys.add(key);
      for (Edit edit : batch) {
        document.add(edit.update());
        owner.stored(edit);
      }
      compact(compactAt);
    }
    write();
    tellIdle();
  }

  /** Everybody has left. */
  void rest() {
    compact(COMPACT_AT_REST);
  }

  /**
   * Replaces what is stored by one update, if that is so many. What is put in their place is made
   * of exactly those, and checked to have every clock and every deletion of theirs; updates stored
   * meanwhile, here or by another server, have other keys and stay.
   */
  private void compact(int threshold) {
    if (compacting || writing || reloading || keys.size() < threshold) {
      return;
    }
    byte[] all;
    try {
      all = document.merged();
    } catch (RuntimeException e) {
      log.atError()
          .addKeyValue("room", room)
          .setCause(e)
          .log("The room '{}' is not compacted", room);
      compactAt = 2 * keys.size();
      return;
    }
    compacting = true;
    List<String> replaced = List.copyOf(keys);
    call(() -> store.replace(room, replaced, all))
        .whenComplete((key, failure) -> mailbox.add(() -> compacted(replaced, key, failure)));
  }

  private void compacted(List<String> replaced, @Nullable String key, @Nullable Throwable failure) {
    compacting = false;
    if (key == null) {
      log.atWarn()
          .addKeyValue("room", room)
          .setCause(failure)
          .log("The updates of the room '{}' stay as they are: not replaced", room);
      compactAt = 2 * keys.size();
      isReloadDue = store.isShared(); // perhaps another node was first
    } else {
      replaced.forEach(keys::remove);
      keys.add(key);
      compactAt = COMPACT_OPEN;
    }
    retry();
    tellIdle();
  }

  private void tellIdle() {
    if (!isBusy()) {
      owner.idle();
    }
  }
}
