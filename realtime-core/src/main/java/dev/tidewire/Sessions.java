package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import dev.tidewire.transport.Connection;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All live sessions of this JVM, what they share, and the one scan that looks after them. Safe for
 * any thread.
 */
final class Sessions {

  private static final Logger log = LoggerFactory.getLogger(Sessions.class);
  private static final int ID_LENGTH = 10;
  private static final int SECRET_LENGTH = 26;

  /** A ping may be late by this much before the silence counts. */
  private static final Duration SLACK = Duration.ofSeconds(5);

  private final Set<ClientSession> live = ConcurrentHashMap.newKeySet();
  private final Map<String, ClientSession> streams = new ConcurrentHashMap<>();
  private final Tally ended = new Tally(); // guarded by itself
  private final Counters counters;
  private final Sparing refusedRecoveries = new Sparing();

  /** Ended, but still present: none may slip through between its end and its absence. */
  private final Set<ClientSession> leaving = ConcurrentHashMap.newKeySet();

  private final Absences absences;
  private final Hub hub;
  private final PresenceTracker presence;
  private final Requests requests;
  private final AccessControl access;
  private final Admission admission;
  private final FrameCodec codec;
  private final Map<String, TableRows> tables;
  private final Limits limits;
  private final Duration pingInterval;
  private final Duration pongTimeout;
  private final boolean guests;
  private final Tokens tokens;
  private final RandomIds ids;
  private final Executor delivery;
  private final Clock clock;
  private volatile Duration reconnectSpread = Duration.ZERO;
  private volatile boolean stopping;
  // Touched by the timer alone.
  private long lastCheck;
  private long silenceForgivenUntil;

  Sessions(
      ChannelPorts ports,
      Requests requests,
      AccessControl access,
      Admission admission,
      Map<String, TableRows> tables,
      Realtime.Builder settings,
      RandomIds ids) {
    this.hub = ports.hub();
    this.presence = ports.tracker();
    this.absences = new Absences(presence, settings.presenceGrace);
    this.requests = requests;
    this.access = access;
    this.admission = admission;
    this.codec = ports.codec();
    this.tables = tables;
    this.limits = settings.limits;
    this.pingInterval = settings.pingInterval;
    this.pongTimeout = settings.pongTimeout;
    this.guests = settings.guests || access.admitsGuests();
    this.tokens = new Tokens(settings.tokens, settings.clock);
    this.ids = ids;
    this.delivery = ports.threads().delivery();
    this.counters = settings.counters;
    this.clock = settings.clock;
    this.lastCheck = clock.millis();
  }

  Hub hub() {
    return hub;
  }

  PresenceTracker presence() {
    return presence;
  }

  Absences absences() {
    return absences;
  }

  Requests requests() {
    return requests;
  }

  AccessControl access() {
    return access;
  }

  Admission admission() {
    return admission;
  }

  FrameCodec codec() {
    return codec;
  }

  /** The table channels whose rows can be asked for; grows while the bus runs. */
  Map<String, TableRows> tables() {
    return tables;
  }

  Limits limits() {
    return limits;
  }

  Counters counters() {
    return counters;
  }

  /** A client is given up because it reads too slowly. */
  void tooSlow(ClientSession session, String reason) {
    counters.slowReader();
    log.atInfo()
        .addKeyValue("session", session.id())
        .addKeyValue("reason", reason)
        .log("Session {} reads too slowly ({}); closed", session.id(), reason);
  }

  /** A client came back to a channel, and is told what it missed, or to load again. */
  void recovered(ClientSession session, String topic, Tail.Outcome outcome) {
    counters.recovered(outcome);
    long more = outcome == Tail.Outcome.COMPLETE ? -1 : refusedRecoveries.ask(now());
    if (more >= 0) {
      log.atInfo()
          .addKeyValue("session", session.id())
          .addKeyValue("channel", topic)
          .addKeyValue("reason", outcome)
          .addKeyValue("more", more)
          .log("A client of channel {} has to load again ({}), as {} before", topic, outcome, more);
    }
  }

  /** What a client is told at the beginning of its session. */
  Push.Welcome greeting(ClientSession session, Identity who) {
    return new Push.Welcome(
        session.id(),
        session.secret(),
        who.userId(),
        pingInterval.toMillis(),
        pongTimeout.toMillis(),
        limits.frameBytes());
  }

  Executor delivery() {
    return delivery;
  }

  long now() {
    return clock.millis();
  }

  /** The identity itself, or a new guest if there is none and guests are let in, or null. */
  @Nullable Identity orGuest(@Nullable Identity identity) {
    return identity == null && guests ? Identity.guest("guest-" + ids.next(ID_LENGTH)) : identity;
  }

  ClientSession open(Connection connection, @Nullable Identity identity) {
    ClientSession session =
        new ClientSession(
            ids.next(ID_LENGTH),
            ids.next(SECRET_LENGTH),
            this,
            connection,
            orGuest(identity),
            true);
    add(session);
    session.welcomed(null);
    if (stopping) {
      dismiss(session, reconnectSpread);
    }
    return session;
  }

  /** The same for a client that is told of channels on one request and speaks on others. */
  ClientSession openStream(
      Connection connection, @Nullable Identity identity, StreamRequest request) {
    Identity who = requireIdentity(identity);
    ClientSession session =
        new ClientSession(
            ids.next(ID_LENGTH), ids.next(SECRET_LENGTH), this, connection, who, false);
    if (stopping) {
      throw new Rejection(ErrorCode.UNAVAILABLE, "the server stops: try again");
    }
    add(session);
    streams.put(session.secret(), session);
    try {
      session.stream(request);
    } catch (RuntimeException | Error e) {
      session.closed(CloseCode.NORMAL.code());
      throw e;
    }
    if (stopping) {
      dismiss(session, reconnectSpread);
    }
    return session;
  }

  private void add(ClientSession session) {
    counters.opened();
    live.add(session);
  }

  /** The identity, or a guest's, if guests are let in; else a rejection is thrown. */
  Identity requireIdentity(@Nullable Identity identity) {
    Identity who = orGuest(identity);
    if (who == null) {
      throw new Rejection(ErrorCode.UNAUTHORIZED, "log in, or send a token");
    }
    return who;
  }

  /** Carries out a command of somebody who has no session. */
  CompletionStage<Reply> request(@Nullable Identity identity, Command command) {
    try {
      admission.requireOpen();
    } catch (Rejection e) {
      return CompletableFuture.completedFuture(e.toReply());
    }
    Identity who = orGuest(identity);
    if (who == null) {
      return CompletableFuture.completedFuture(
          Reply.Failure.of(ErrorCode.UNAUTHORIZED, "log in, or send a token"));
    }
    return requests.execute(who, command, null);
  }

  /** The live stream with this secret, or null. */
  @Nullable ClientSession find(String secret) {
    return streams.get(secret);
  }

  /** Runs cleanup that must not wait for the caller's locks. */
  void execute(Runnable task) {
    try {
      delivery.execute(task);
    } catch (RejectedExecutionException e) {
      task.run(); // shutting down: still leave the channels in order
    }
  }

  /** The session ended; it is looked after until {@link #left}. */
  void leaving(ClientSession session) {
    if (absences.areKept()) {
      leaving.add(session);
    }
  }

  void left(ClientSession session) {
    leaving.remove(session);
  }

  void gone(ClientSession session) {
    synchronized (ended) {
      if (live.remove(session)) {
        Tally its = new Tally();
        session.addTo(its);
        ended.ended(its);
      }
    }
    streams.remove(session.secret());
  }

  /** Whose token it is; null if it is not valid, or no longer. */
  @Nullable Identity verify(String token) {
    return tokens.verify(token);
  }

  /** Called about once a second, by one thread. */
  void check() {
    long now = now();
    long silence = pingInterval.plus(pongTimeout).plus(SLACK).toMillis();
    if (now - lastCheck > SLACK.toMillis()) {
      // This JVM stood still, or the clock jumped: the clients' pings could not be heard.
      silenceForgivenUntil = now + silence;
    }
    lastCheck = now;
    long allowed = pingInterval.isZero() || now < silenceForgivenUntil ? 0 : silence;
    forEach(live, session -> session.check(now, allowed));
    absences.check(now);
  }

  /** Closes the sessions whose identity the predicate picks, as after a logout. */
  void revoke(Predicate<Identity> whose) {
    forEach(whose, ClientSession::revoke);
    absences.revoke(whose);
  }

  /** Asks again what those may whom the predicate picks, as they are after the change. */
  void recheck(Predicate<Identity> whose, UnaryOperator<Identity> change) {
    forEach(whose, session -> session.recheck(change));
    absences.recheck(whose, change, access);
  }

  /** Those that live and those that leave, in the order in which one becomes the other. */
  private void forEach(Predicate<Identity> whose, Consumer<ClientSession> step) {
    Consumer<ClientSession> ifPicked =
        session -> {
          Standing who = session.standing();
          if (who != null && who.is(whose)) {
            step.accept(session);
          }
        };
    forEach(live, ifPicked);
    leaving.forEach(ifPicked);
  }

  /** Tells every client, also those still to come, to come back within {@code spread}; closes. */
  void dismissAll(Duration spread) {
    reconnectSpread = spread;
    stopping = true;
    forEach(live, session -> dismiss(session, spread));
  }

  /**
   * Tells some clients to come back within {@code spread}, and closes their connections, so that so
   * many stay.
   *
   * @param patient whether clients that wait for the answer to a publication may stay until they
   *     have it
   */
  void dismiss(long mayStay, Duration spread, boolean patient) {
    List<ClientSession> here = live.stream().filter(session -> !session.hasEnded()).toList();
    forEach(
        here.subList(0, (int) Math.max(0, here.size() - mayStay)),
        session -> {
          if (!patient || !session.isPublishing()) {
            dismiss(session, spread);
          }
        });
  }

  private static void dismiss(ClientSession session, Duration spread) {
    session.push(new Push.Advice(true, 0, spread.toMillis()));
    session.close(CloseCode.GOING_AWAY);
  }

  /** Cuts the links that did not close in order. */
  void cutAll() {
    forEach(live, ClientSession::cut);
  }

  /** Goes through the live sessions as they come and go. */
  Stream<ClientSession> live() {
    return live.stream();
  }

  int count() {
    return live.size();
  }

  /** What all sessions hold now, and what they and those before them have sent. */
  Tally tally() {
    Tally all = new Tally();
    synchronized (ended) { // so that nobody goes meanwhile, to be counted twice or not at all
      all.ended(ended);
      live.forEach(session -> session.addTo(all));
    }
    return all;
  }

  /** Trouble with one session must not spare the others; the first is thrown at the end. */
  private static void forEach(Collection<ClientSession> sessions, Consumer<ClientSession> step) {
    RuntimeException first = null;
    for (ClientSession session : sessions) {
      try {
        step.accept(session);
      } catch (RuntimeException e) {
        first = first == null ? e : first;
      }
    }
    if (first != null) {
      throw first;
    }
  }
}
