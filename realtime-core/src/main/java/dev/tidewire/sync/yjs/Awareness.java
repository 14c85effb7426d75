package dev.tidewire.sync.yjs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who is in a room and where their cursors are: one state per Yjs client, the one with the higher
 * clock counts ({@code y-protocols/awareness}). Not thread-safe.
 */
final class Awareness {

  /** A stock client says after half of that that it is still there. */
  private static final Duration OUTDATED = Duration.ofSeconds(30);

  private static final int MAX_PER_MESSAGE = 10_000;

  /** States one connection may have brought: a browser's tabs tell each other's. */
  private static final int MAX_PER_CONNECTION = 100;

  /**
   * What somebody says of one client.
   *
   * @param state JSON; {@code null} in JSON for a client that is gone
   */
  record State(long client, long clock, String state) {
    boolean isGone() {
      return state.strip().equals("null");
    }
  }

  private static final class Entry {
    private State state;
    // A connection, or the name of another node's room.
    private @Nullable Object from;
    private long heard;

    Entry(State state, Object from, long heard) {
      this.state = state;
      this.from = from;
      this.heard = heard;
    }
  }

  private final Map<Long, Entry> entries = new HashMap<>();

  /**
   * Reads states.
   *
   * @param maxBytes of one, 0 for no bound
   * @throws BadUpdate if they are none, or one is too large
   */
  static List<State> read(byte[] bytes, int maxBytes) {
    ByteReader in = new ByteReader(bytes);
    long count = in.varUint();
    if (count > MAX_PER_MESSAGE) {
      throw new BadUpdate("the awareness of " + count + " clients");
    }
    List<State> states = new ArrayList<>(2);
    for (long i = 0; i < count; i++) {
      long client = in.varUint();
      long clock = in.varUint();
      int from = in.position();
      in.skipVarJson();
      if (maxBytes > 0 && in.position() - from > maxBytes + 4) {
        throw new BadUpdate("an awareness state of more than " + maxBytes + " bytes");
      }
      states.add(new State(client, clock, new ByteReader(bytes, from, bytes.length).varString()));
    }
    in.requireEnd();
    return states;
  }

  static byte[] write(List<State> states) {
    ByteWriter out = new ByteWriter().varUint(states.size());
    states.forEach(s -> out.varUint(s.client()).varUint(s.clock()).varString(s.state()));
    return out.toBytes();
  }

  /** Takes what is news from a connection; returns that. */
  List<State> apply(List<State> states, YjsClient from, long now) {
    return take(states, from, now);
  }

  /** The same from another node, which tells of its own connections only. */
  List<State> apply(List<State> states, String peer, long now) {
    return take(states, peer, now);
  }

  private List<State> take(List<State> states, Object from, long now) {
    List<State> news = new ArrayList<>(states.size());
    for (State state : states) {
      Entry known = entries.get(state.client());
      if (known == null ? !state.isGone() && hasRoom(from) : isNews(state, known)) {
        Entry entry = known == null ? new Entry(state, from, now) : known;
        entry.state = state;
        entry.heard = now;
        if (entry.from == null || isAt(from, state.client())) {
          entry.from = from;
        }
        entries.put(state.client(), entry);
        news.add(state);
      }
    }
    return news;
  }

  private static boolean isNews(State state, Entry known) {
    long clock = known.state.clock();
    return state.clock() > clock
        || (state.clock() == clock && state.isGone() && !known.state.isGone());
  }

  private static boolean isAt(Object from, long client) {
    return !(from instanceof YjsClient connection) || connection.isOf(client);
  }

  private boolean hasRoom(Object from) {
    return !(from instanceof YjsClient) || count(from) < MAX_PER_CONNECTION;
  }

  private long count(Object from) {
    return entries.values().stream().filter(e -> e.from == from).count();
  }

  /**
   * States that say somebody is here who was told to be gone, with the clock of then: a client that
   * lost its connection and came back. It hears that it is gone, at which a stock client insists
   * with the next clock.
   */
  List<State> contradicted(List<State> states) {
    List<State> gone = new ArrayList<>(0);
    for (State state : states) {
      Entry known = entries.get(state.client());
      if (known != null
          && !state.isGone()
          && known.state.isGone()
          && known.state.clock() == state.clock()) {
        gone.add(known.state);
      }
    }
    return gone;
  }

  /** A connection is gone; returns that its clients are. */
  List<State> leave(YjsClient who, long now) {
    return end(who, now);
  }

  /** Another node is gone; returns that its clients are. */
  List<State> leave(String peer, long now) {
    return end(peer, now);
  }

  private List<State> end(Object who, long now) {
    List<State> gone = new ArrayList<>(1);
    for (Entry entry : entries.values()) {
      if (who.equals(entry.from)) {
        entry.from = null;
        end(entry, now, gone);
      }
    }
    return gone;
  }

  /** Clients that were silent for too long; those told to be gone long ago are forgotten. */
  List<State> outdated(long now) {
    List<State> gone = new ArrayList<>(0);
    Iterator<Entry> all = entries.values().iterator();
    while (all.hasNext()) {
      Entry entry = all.next();
      if (now - entry.heard >= OUTDATED.toMillis()) {
        if (entry.state.isGone()) {
          all.remove();
        } else {
          end(entry, now, gone);
        }
      }
    }
    return gone;
  }

  private static void end(Entry entry, long now, List<State> gone) {
    if (!entry.state.isGone()) {
      entry.state = new State(entry.state.client(), entry.state.clock(), "null");
      entry.heard = now;
      gone.add(entry.state);
    }
  }

  /** Those of the states whose clients are connected to this node. */
  List<State> own(List<State> states) {
    return states.stream()
        .filter(
            state -> {
              Entry known = entries.get(state.client());
              return known != null && known.from instanceof YjsClient;
            })
        .toList();
  }

  /** Everybody who is here. */
  List<State> present() {
    return entries.values().stream().map(e -> e.state).filter(s -> !s.isGone()).toList();
  }
}
