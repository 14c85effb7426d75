package dev.tidewire.sync.yjs;

import dev.tidewire.Identity;
import dev.tidewire.transport.BinaryConnection;
import dev.tidewire.transport.Connection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A page with the provider of Yjs: has a document, synchronizes it, and keeps what was written
 * while it had no connection. Safe for any thread.
 */
final class YjsPage {

  final long id;
  private final YjsDocument document = new YjsDocument();
  private final Map<Long, Awareness.State> others = new HashMap<>();
  private @Nullable Link link;
  private @Nullable YjsClient client;
  private long clock;
  private long shown;

  YjsPage(long id) {
    this.id = id;
  }

  /** One connection; what a former one is sent goes nowhere. */
  private final class Link implements BinaryConnection {
    @Override
    public void send(byte[] message, Connection.Completion completion) {
      receive(this, message);
      completion.sent();
    }

    @Override
    public void close(int code, String reason) {
      lose(this);
    }
  }

  void connect(YjsRooms rooms, String room) {
    leave();
    Link made = new Link();
    synchronized (this) {
      link = made;
      others.clear();
    }
    YjsClient entered = rooms.connect(room, made, Identity.of("u" + id));
    synchronized (this) {
      if (entered == null || link != made) {
        return;
      }
      client = entered;
    }
    tell(YjsMessages.sync(YjsMessages.STEP_1, vector()));
    tell(YjsMessages.sync(YjsMessages.STEP_2, missing(new StateVector())));
  }

  private synchronized byte[] vector() {
    return document.stateVector();
  }

  private synchronized byte[] missing(StateVector has) {
    return document.missing(has);
  }

  private void tell(byte[] message) {
    YjsClient to;
    synchronized (this) {
      to = client;
    }
    if (to != null) {
      to.receive(message);
    }
  }

  private void receive(Link from, byte[] message) {
    ByteReader in = new ByteReader(message);
    long type = in.varUint();
    byte[] answer = null;
    synchronized (this) {
      if (link != from) {
        return;
      }
      if (type == YjsMessages.SYNC) {
        long step = in.varUint();
        byte[] payload = in.varBytes();
        if (step == YjsMessages.STEP_1) {
          answer =
              YjsMessages.sync(YjsMessages.STEP_2, document.missing(StateVector.read(payload)));
        } else {
          add(UpdateCheck.of(payload));
        }
      } else if (type == YjsMessages.QUERY_AWARENESS) {
        answer = YjsMessages.awareness(Awareness.write(List.of()));
      } else if (type == YjsMessages.AWARENESS) {
        for (Awareness.State state : Awareness.read(in.varBytes(), 0)) {
          others.put(state.client(), state);
        }
      }
    }
    if (answer != null) {
      tell(answer);
    }
  }

  private void add(UpdateCheck update) {
    if (document.lacks(update)) {
      document.add(update);
    }
  }

  private void lose(Link lost) {
    YjsClient gone = null;
    synchronized (this) {
      if (link == lost) {
        link = null;
        gone = client;
        client = null;
      }
    }
    if (gone != null) {
      gone.closed();
    }
  }

  /** The connection is cut, or the page closed. */
  void leave() {
    Link cut;
    synchronized (this) {
      cut = link;
    }
    if (cut != null) {
      lose(cut);
    }
  }

  synchronized boolean isConnected() {
    return client != null;
  }

  /** Writes a few characters, or takes one away; stays here if there is no connection. */
  void edit(Random random) {
    byte[] update;
    synchronized (this) {
      update =
          clock == 0 || random.nextInt(4) > 0 ? insertion(1 + random.nextInt(3)) : deletion(random);
    }
    write(update);
  }

  /** Inserts a text of so many bytes. */
  void paste(int bytes) {
    byte[] update;
    synchronized (this) {
      update =
          new ByteWriter()
              .varUint(1)
              .varUint(1)
              .varUint(id)
              .varUint(clock)
              .uint8(Struct.STRING)
              .varUint(1)
              .varString("text")
              .varString("x".repeat(bytes))
              .varUint(0)
              .toBytes();
      clock += bytes;
    }
    write(update);
  }

  private void write(byte[] update) {
    synchronized (this) {
      add(UpdateCheck.of(update));
    }
    tell(YjsMessages.sync(YjsMessages.UPDATE, update));
  }

  private byte[] insertion(int length) {
    Struct struct = Struct.plain(id, clock, length, Struct.GC);
    clock += length;
    UpdateWriter out = new UpdateWriter();
    out.write(struct);
    return out.finish(new ClockSet());
  }

  private byte[] deletion(Random random) {
    ClockSet deletes = new ClockSet();
    long at = random.nextInt((int) clock);
    deletes.add(id, new ClockSet.Span(at, at + 1));
    return new UpdateWriter().finish(deletes);
  }

  /** Shows where its cursor is. */
  void show(String json) {
    long next;
    synchronized (this) {
      next = ++shown;
    }
    tell(YjsMessages.awareness(Awareness.write(List.of(new Awareness.State(id, next, json)))));
  }

  /** Whether it sees the other's cursor. */
  synchronized boolean sees(YjsPage other) {
    Awareness.State state = others.get(other.id);
    return state != null && !state.isGone();
  }

  synchronized Contents contents() {
    return document.contents(true);
  }

  synchronized byte[] whole() {
    return Objects.requireNonNull(document.merged()).clone();
  }

  synchronized boolean hasAllOf(UpdateCheck update) {
    return !document.lacks(update);
  }
}
