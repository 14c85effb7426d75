package dev.tidewire.sync.yjs;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a room has to tell the same room on other nodes: gathers while something is being told, and
 * is then told at once. What cannot be told now is told later.
 *
 * <p>Confined to the room's mailbox.
 */
final class PeerNews {

  private static final Logger log = LoggerFactory.getLogger(PeerNews.class);

  /** So many updates that wait become one. */
  private static final int MAX_UPDATES = 500;

  private final String room;
  private final String topic;
  private final String id;
  private final YjsNodes nodes;
  private final Mailbox mailbox;
  private final YjsPeers.Owner owner;

  private List<byte[]> updates = new ArrayList<>(1);
  private final Map<Long, Awareness.State> states = new LinkedHashMap<>();
  private boolean allStates;
  private boolean contents;
  private boolean vector;
  private boolean asks;
  private boolean calls;

  private boolean open;
  private boolean telling;
  private boolean paused;
  private long lastTold;

  PeerNews(
      String room, String topic, String id, YjsNodes nodes, Mailbox mailbox, YjsPeers.Owner owner) {
    this.room = room;
    this.topic = topic;
    this.id = id;
    this.nodes = nodes;
    this.mailbox = mailbox;
    this.owner = owner;
  }

  /** Something for the document. */
  void add(byte[] update) {
    updates.add(update);
    if (updates.size() > MAX_UPDATES) {
      updates = new ArrayList<>(List.of(UpdateMerge.merge(updates)));
    }
  }

  /** News of clients here. */
  void add(List<Awareness.State> news) {
    news.forEach(state -> states.put(state.client(), state));
  }

  /** All who are here, and what the document has. */
  void addIntroduction() {
    allStates = true;
    contents = true;
  }

  /** A sign of life, by which others see whether they have the same. */
  void addSign() {
    contents = true;
  }

  /** How far the document goes, so that others send what is missing. */
  void addVector() {
    vector = true;
  }

  /** The same, and others are to do so too. */
  void addQuestion() {
    asks = true;
  }

  /** Nodes that keep the room, but have it not open, are to open it. */
  void addCall() {
    calls = true;
  }

  /** Nobody is left who does not ask when coming. */
  void forget() {
    updates.clear();
    states.clear();
  }

  /** Whether others have still to hear of what is stored. */
  boolean isBusy() {
    return telling || !updates.isEmpty();
  }

  /** Whether something could not be told, or not yet. */
  boolean isHeldUp() {
    return telling || paused;
  }

  /** When others last heard of the room, 0 for never. */
  long lastTold() {
    return lastTold;
  }

  /** What could not be told may be tried again. */
  void resume() {
    paused = false;
  }

  /** Whether others could be heard if they answered; nothing is told before. */
  void open(boolean yes) {
    open = yes;
  }

  /** The room is closed. */
  void tellFarewell() {
    if (lastTold > 0) {
      for (byte[] piece :
          Peer.cut(id, PeerMessage.farewell(owner.document().contents(false)).toBytes())) {
        var unused = nodes.tell(topic, piece); // if it is lost they notice the silence
      }
    }
  }

  /** Tells all there is, unless something is being told: then it waits for that. */
  void tell() {
    if (telling || paused || !open) {
      return;
    }
    if (calls) {
      calls = false;
      nodes
          .call(room)
          .whenComplete((position, failure) -> mailbox.add(() -> calls |= failure != null));
    }
    if (allStates) {
      add(owner.ownStates());
    }
    allStates = false;
    if (updates.isEmpty() && states.isEmpty() && !contents && !vector && !asks) {
      return;
    }
    PeerMessage message =
        new PeerMessage(
            false,
            asks,
            updates.isEmpty() ? new byte[0] : UpdateMerge.merge(updates),
            List.copyOf(states.values()),
            contents || vector || asks ? owner.document().contents(vector || asks) : null);
    forget();
    contents = false;
    vector = false;
    asks = false;
    telling = true;
    tell(message, Peer.cut(id, message.toBytes()), 0);
  }

  private void tell(PeerMessage message, List<byte[]> pieces, int index) {
    nodes
        .tell(topic, pieces.get(index))
        .whenComplete(
            (position, failure) -> mailbox.add(() -> told(message, pieces, index, failure)));
  }

  private void told(
      PeerMessage message, List<byte[]> pieces, int index, @Nullable Throwable failure) {
    if (failure == null && index + 1 < pieces.size()) {
      tell(message, pieces, index + 1);
      return;
    }
    telling = false;
    if (failure == null) {
      lastTold = nodes.now();
    } else {
      keep(message, failure);
    }
    tell();
    owner.idle();
  }

  /** Whether it was told this time is not known; others do not mind hearing it twice. */
  private void keep(PeerMessage message, Throwable failure) {
    log.debug("What is new in the room '{}' cannot be told now", room, failure);
    paused = true;
    asks = true;
    if (message.update().length > 0) {
      updates.add(0, message.update());
    }
    message.states().forEach(state -> states.putIfAbsent(state.client(), state));
  }
}
