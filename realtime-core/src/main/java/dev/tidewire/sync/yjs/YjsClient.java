package dev.tidewire.sync.yjs;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.Identity;
import dev.tidewire.protocol.CloseCode;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * One connection to a room. The adapter hands it what the client sends, in order and from one
 * thread at a time; all else is safe for any thread.
 */
public final class YjsClient {

  /** Silent for so long, it is asked who is here, which every stock client answers. */
  private static final long ASK_AFTER_MS = 15_000;

  private static final long SILENCE_MS = 50_000;

  /** A policy's answer on writing counts for so long. */
  private static final long VERDICT_MS = 5_000;

  private final YjsRooms rooms;
  private final YjsRoom room;
  private final String topic;
  private final YjsOutlet outlet;
  private final Identity proof;
  private volatile Identity identity;
  private final boolean sees;
  private final boolean shows;
  private final AtomicBoolean gone = new AtomicBoolean();
  private volatile boolean writes;
  private volatile String denial = "";
  private volatile long judged;
  private volatile long heard;
  private volatile long spoken;
  private volatile long asked;
  private volatile @Nullable Long own;
  private volatile boolean deniedTold;

  YjsClient(YjsRooms rooms, YjsRoom room, String topic, YjsOutlet outlet, Identity identity) {
    this.rooms = rooms;
    this.room = room;
    this.topic = topic;
    this.outlet = outlet;
    this.proof = identity;
    this.identity = identity;
    this.sees = may(Action.PRESENCE_READ);
    this.shows = may(Action.PRESENCE_WRITE);
    this.heard = rooms.now();
    this.spoken = heard;
    judge(heard);
  }

  private boolean may(Action action) {
    return rooms.refusal(identity, topic, action) == null;
  }

  private void judge(long now) {
    String refusal = rooms.refusal(identity, topic, Action.PUBLISH);
    writes = refusal == null;
    denial = refusal == null ? "" : refusal;
    judged = now;
  }

  Identity identity() {
    return identity;
  }

  /** Whether the predicate picks the user, as proved or as it counts now. */
  boolean is(Predicate<Identity> whose) {
    return whose.test(identity) || whose.test(proof);
  }

  boolean mayWrite() {
    return writes;
  }

  boolean seesOthers() {
    return sees;
  }

  /** Whether this is the connection that a Yjs client opened for itself. */
  boolean isOf(long client) {
    Long mine = own;
    return mine != null && mine == client;
  }

  /**
   * Takes a message; one that is malformed closes the connection.
   *
   * @param message not changed by anybody any more
   */
  public void receive(byte[] message) {
    if (gone.get()) {
      return;
    }
    long now = rooms.now();
    heard = now;
    try {
      ByteReader in = new ByteReader(message);
      long type = in.varUint();
      if (type == YjsMessages.SYNC) {
        synchronize(in, now);
      } else if (type == YjsMessages.AWARENESS && shows) {
        show(in.varBytes(), now);
      } else if (type == YjsMessages.QUERY_AWARENESS && sees) {
        room.tellWhoIsHere(this);
      } // other types are those of applications or later versions, and none of the server's
    } catch (BadUpdate e) {
      rooms.malformed(topic, e);
      close(CloseCode.YJS_MALFORMED);
    }
  }

  private void synchronize(ByteReader in, long now) {
    long step = in.varUint();
    byte[] payload = in.varBytes();
    in.requireEnd();
    if (step == YjsMessages.STEP_1) {
      room.answer(this, StateVector.read(payload));
    } else if (step == YjsMessages.STEP_2 || step == YjsMessages.UPDATE) {
      UpdateCheck update = UpdateCheck.of(payload);
      if (now - judged >= VERDICT_MS) {
        judge(now);
      }
      room.edit(this, update);
    } else {
      throw new BadUpdate("no step of a synchronization: " + step);
    }
  }

  private void show(byte[] payload, long now) {
    List<Awareness.State> states = Awareness.read(payload, rooms.options().awarenessBytes());
    if (own == null && states.size() == 1) {
      own = states.get(0).client(); // a stock client begins with itself
    }
    room.show(this, states, now);
  }

  /** Whether it was not asked just now what is missing: it may not have it either. */
  boolean mayBeAsked() {
    long now = rooms.now();
    if (now - asked < VERDICT_MS) {
      return false;
    }
    asked = now;
    return true;
  }

  void send(byte[] message) {
    spoken = rooms.now();
    outlet.send(message);
  }

  /** It wrote what it only may read; told once. */
  void deny() {
    if (!deniedTold) {
      deniedTold = true;
      send(YjsMessages.denied(denial));
    }
  }

  void refuse(String reason, CloseCode code) {
    send(YjsMessages.denied(reason));
    outlet.closeAfterFlush(code);
  }

  void close(CloseCode code) {
    outlet.close(code);
    closed();
  }

  void dismiss() {
    outlet.closeAfterFlush(CloseCode.GOING_AWAY);
  }

  /** For the adapter: a message that is larger than {@link YjsRooms#maxMessageBytes}. */
  public void tooBig() {
    close(CloseCode.YJS_TOO_BIG);
  }

  /** For the adapter: a text message, which is nothing of Yjs. */
  public void text() {
    close(CloseCode.UNSUPPORTED);
  }

  /** For the adapter: the login that the connection came with is over. */
  public void revoked() {
    close(CloseCode.YJS_UNAUTHORIZED);
  }

  /** The rights may have changed: who may not read goes, who shows or sees others comes again. */
  void recheck(Identity now) {
    identity = now;
    judge(rooms.now());
    if (!may(Action.SUBSCRIBE)) {
      close(CloseCode.YJS_FORBIDDEN);
    } else if (sees != may(Action.PRESENCE_READ) || shows != may(Action.PRESENCE_WRITE)) {
      close(CloseCode.TRY_AGAIN);
    }
  }

  /** For the adapter: the client answered a ping of the container's. */
  public void pong() {
    heard = rooms.now();
  }

  /** For the adapter: the link is gone. Later calls have no effect. */
  public void closed() {
    if (gone.compareAndSet(false, true)) {
      outlet.discard();
      rooms.gone(this);
      room.leave(this, rooms.now());
    }
  }

  /** About once a second. */
  void tick(long now, boolean silenceForgiven) {
    Instant expiry = identity.expiresAt();
    if (expiry != null && expiry.toEpochMilli() <= now) {
      close(CloseCode.YJS_UNAUTHORIZED);
    } else if (now - heard >= SILENCE_MS && !silenceForgiven) {
      close(CloseCode.PING_TIMEOUT);
    } else if (now - spoken >= ASK_AFTER_MS) {
      boolean silent = now - heard >= ASK_AFTER_MS;
      send(silent ? YjsMessages.queryAwareness() : YjsMessages.keepAlive());
    }
  }
}
