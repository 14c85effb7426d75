package dev.tidewire.sync.yjs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The same room on other nodes: tells them what is stored and who is here, and takes what they
 * tell, over a stream of the broker's that all of them follow.
 *
 * <p>What is told may be lost, late or repeated: every sign of life carries a digest of the
 * document, and rooms that differ tell each other their state vectors and then what is missing. A
 * room that nobody else has open tells nothing but that sign.
 *
 * <p>Confined to the room's mailbox.
 */
final class YjsPeers {

  private static final Logger log = LoggerFactory.getLogger(YjsPeers.class);

  /** Others hear of a room that often. */
  private static final long SIGN_MS = 10_000;

  /** The same where nobody has answered so far. */
  private static final long LONE_SIGN_MS = 60_000;

  /** A node that is silent for longer has died; sooner than its cursors are out of date. */
  private static final long SILENCE_MS = 25_000;

  /** So much later than a second, a tick tells that this JVM stood still. */
  private static final long STANDSTILL_MS = 5_000;

  /** While somebody types two rooms always differ a little: only what lasts is looked into. */
  private static final int DIFFERENCES = 3;

  /** What is missing may be missing everywhere. */
  private static final long ASK_MS = 5_000;

  /** Ticks that an answer from the broker, or from other nodes, is waited for. */
  private static final int PATIENCE = 2;

  /** The room here. */
  interface Owner {
    YjsDocument document();

    /** The document may be loaded: what others store from now on is heard. */
    void following();

    /** What other nodes have is here, or is not to be waited for. */
    void settled();

    /** Somebody else has stored an update. */
    void learn(UpdateCheck update);

    /** Something may be in the store that was not told. */
    void reload();

    void show(String peer, List<Awareness.State> states, long now);

    /** The clients of that node are gone. */
    void gone(String peer, long now);

    /** The clients of this node. */
    List<Awareness.State> ownStates();

    /** Nothing is left to tell. */
    void idle();
  }

  private final String room;
  private final String topic;
  private final String id;
  private final YjsNodes nodes;
  private final Mailbox mailbox;
  private final Owner owner;
  private final PeerNews news;

  private final Map<String, Peer> peers = new HashMap<>();
  private final List<byte[]> early = new ArrayList<>(0);
  private boolean asking;
  private boolean following;
  private boolean missed;
  private boolean begun;
  private boolean settled;
  private int patience = PATIENCE;
  private long lastTick;
  private long begunAt;
  private boolean isRevised;

  private long lastAsked;

  YjsPeers(String room, String topic, YjsNodes nodes, Mailbox mailbox, Owner owner) {
    this.room = room;
    this.topic = topic;
    this.id = nodes.newId();
    this.nodes = nodes;
    this.mailbox = mailbox;
    this.owner = owner;
    this.news = new PeerNews(room, topic, id, nodes, mailbox, owner);
    this.lastTick = nodes.now();
  }

  /** Finds out whether the stream is heard; then, or if that fails, the document is loaded. */
  void follow() {
    if (asking) {
      return;
    }
    asking = true;
    patience = PATIENCE;
    nodes
        .heard(topic)
        .whenComplete((position, failure) -> mailbox.add(() -> followed(failure == null)));
  }

  private void followed(boolean done) {
    asking = false;
    following = done;
    news.open(begun && done);
    missed |= !done;
    if (!begun) {
      owner.following();
    } else if (done && missed) {
      catchUp();
    }
  }

  /** The document is loaded. */
  void begin() {
    begun = true;
    begunAt = nodes.now();
    news.open(following);
    patience = PATIENCE;
    if (nodes.isStoreShared()) {
      settle();
    } else {
      news.addCall();
    }
    if (missed && following) {
      catchUp();
    } else {
      ask();
    }
    List<byte[]> heard = List.copyOf(early);
    early.clear();
    heard.forEach(this::hear);
  }

  private void settle() {
    if (!settled) {
      settled = true;
      owner.settled();
    }
  }

  /**
   * What another node told is stored here.
   *
   * @param gaps whether something is missing before it
   */
  void learned(boolean gaps) {
    settle();
    long now = nodes.now();
    if (gaps && now - lastAsked >= ASK_MS) {
      lastAsked = now;
      catchUp();
    }
  }

  /** Something was not heard: of what others have, and of what they have stored and left. */
  private void catchUp() {
    missed = false;
    owner.reload();
    if (!nodes.isStoreShared()) {
      news.addCall();
    }
    ask();
  }

  private void ask() {
    news.addQuestion();
    news.tell();
  }

  /** Others were told what cannot be heard here any more. */
  void lost() {
    peers.values().forEach(Peer::tear);
    missed = true;
    if (begun && following) {
      catchUp();
    }
  }

  /** An update of a client here is stored. */
  void stored(byte[] update) {
    if (!peers.isEmpty()) {
      news.add(update);
      news.tell();
    }
  }

  /** News of clients here. */
  void show(List<Awareness.State> states) {
    if (!peers.isEmpty() && !states.isEmpty()) {
      news.add(states);
      news.tell();
    }
  }

  /** Whether somebody has still to be told what is stored. */
  boolean isBusy() {
    return news.isBusy() || (asking && !begun);
  }

  /** The room is closed. */
  void leave() {
    news.tellFarewell();
  }

  /** About once a second. */
  void tick(long now) {
    boolean stoodStill = now - lastTick > STANDSTILL_MS;
    lastTick = now;
    boolean failing = news.isHeldUp();
    news.resume();
    if (stoodStill) { // nobody could be heard meanwhile
      peers.values().forEach(peer -> peer.heard = now);
    }
    if (!begun || !settled) {
      beImpatient();
    } else if (!following) {
      follow();
    }
    if (begun) {
      if (!failing && following) {
        forget(now);
      }
      if (!isRevised && now - begunAt >= SILENCE_MS) {
        isRevised = true;
        owner.reload(); // a node may have died before the two knew of each other
      }
      boolean alone = peers.isEmpty();
      if (now - news.lastTold() >= (alone ? LONE_SIGN_MS : SIGN_MS)) {
        news.addSign();
        if (alone && !nodes.isStoreShared()) {
          news.addCall();
        }
      }
      news.tell();
    }
  }

  private void beImpatient() {
    if (patience-- > 0) {
      return;
    }
    if (begun) {
      settle();
    } else if (asking) {
      missed = true; // whenever the answer comes, the document is read again
      owner.following();
    }
  }

  /** Those that died may have stored what they could not tell any more. */
  private void forget(long now) {
    boolean died = false;
    for (Iterator<Map.Entry<String, Peer>> all = peers.entrySet().iterator(); all.hasNext(); ) {
      Map.Entry<String, Peer> each = all.next();
      if (now - each.getValue().heard >= SILENCE_MS) {
        all.remove();
        owner.gone(each.getKey(), now);
        died = true;
      }
    }
    if (died) {
      forgetNews();
      catchUp();
    }
  }

  /** Whoever comes next is told everything. */
  private void forgetNews() {
    if (peers.isEmpty()) {
      news.forget();
    }
  }

  /** A publication on the stream. */
  void hear(byte[] publication) {
    if (!begun) {
      early.add(publication);
      return;
    }
    try {
      Peer.Piece piece = Peer.Piece.read(publication);
      if (piece != null && !piece.from().equals(id)) {
        hear(piece);
      }
    } catch (BadUpdate e) {
      log.atError()
          .addKeyValue("room", room)
          .setCause(e)
          .log("Another node tells what cannot be read of the room '{}'", room);
    }
  }

  private void hear(Peer.Piece piece) {
    Peer peer = peers.computeIfAbsent(piece.from(), from -> new Peer());
    peer.heard = nodes.now();
    if (!peer.add(piece)) {
      ask();
    }
    PeerMessage message = piece.last() ? peer.message() : null;
    if (message == null) {
      return;
    }
    if (message.leaves()) {
      peers.remove(piece.from());
      owner.gone(piece.from(), peer.heard);
      forgetNews();
      Contents left = message.contents();
      if (left != null && !owner.document().contents(false).isSameAs(left)) {
        catchUp(); // it may have gone before it knew of this room, to which it told nothing
      }
      owner.idle();
      return;
    }
    if (message.update().length > 0) {
      owner.learn(UpdateCheck.of(message.update()));
    }
    if (!message.states().isEmpty()) {
      owner.show(piece.from(), message.states(), peer.heard);
    }
    answer(peer, message);
  }

  private void answer(Peer peer, PeerMessage message) {
    boolean stranger = !peer.isGreeted;
    peer.isGreeted = true;
    if (stranger || message.asks()) {
      news.addIntroduction();
    }
    Contents there = message.contents();
    if (there != null) {
      compare(peer, message, there, stranger);
    } else if (stranger) {
      news.addQuestion();
    }
    news.tell();
  }

  private void compare(Peer peer, PeerMessage message, Contents there, boolean stranger) {
    if (owner.document().contents(false).isSameAs(there)) {
      peer.differences = 0;
      settle();
    } else if (there.hasVector()) {
      byte[] missing = owner.document().missing(there);
      if (missing.length > 0) {
        news.add(missing);
      }
      if (message.asks()) {
        news.addVector();
      }
    } else if (stranger || ++peer.differences >= DIFFERENCES) {
      peer.differences = 0;
      news.addQuestion();
    }
  }
}
