package dev.tidewire;

import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Push;
import dev.tidewire.transport.Connection;
import java.time.Clock;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * All live sessions of this JVM, what they share, and the one scan that looks after them. Safe for
 * any thread.
 */
final class Sessions {

  private static final int ID_LENGTH = 10;
  private static final int SECRET_LENGTH = 26;

  /** A ping may be late by this much before the silence counts. */
  private static final Duration SLACK = Duration.ofSeconds(5);

  private final Set<ClientSession> live = ConcurrentHashMap.newKeySet();
  private final Hub hub;
  private final Requests requests;
  private final AccessControl access;
  private final FrameCodec codec;
  private final Limits limits;
  private final Duration pingInterval;
  private final Duration pongTimeout;
  private final boolean guests;
  private final @Nullable TokenVerifier tokens;
  private final RandomIds ids;
  private final Executor executor;
  private final Clock clock;
  private volatile boolean stopping;

  Sessions(
      Hub hub,
      Requests requests,
      AccessControl access,
      FrameCodec codec,
      Realtime.Builder settings,
      RandomIds ids,
      Executor executor) {
    this.hub = hub;
    this.requests = requests;
    this.access = access;
    this.codec = codec;
    this.limits = settings.limits;
    this.pingInterval = settings.pingInterval;
    this.pongTimeout = settings.pongTimeout;
    this.guests = settings.guests || access.admitsGuests();
    this.tokens = settings.tokens;
    this.ids = ids;
    this.executor = executor;
    this.clock = settings.clock;
  }

  Hub hub() {
    return hub;
  }

  Requests requests() {
    return requests;
  }

  AccessControl access() {
    return access;
  }

  FrameCodec codec() {
    return codec;
  }

  Limits limits() {
    return limits;
  }

  Duration pingInterval() {
    return pingInterval;
  }

  Duration pongTimeout() {
    return pongTimeout;
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
            ids.next(ID_LENGTH), ids.next(SECRET_LENGTH), this, connection, orGuest(identity));
    live.add(session);
    session.welcome();
    if (stopping) {
      dismiss(session, Duration.ZERO);
    }
    return session;
  }

  /** Runs cleanup that must not wait for the caller's locks. */
  void execute(Runnable task) {
    try {
      executor.execute(task);
    } catch (RejectedExecutionException e) {
      task.run(); // shutting down: still leave the channels in order
    }
  }

  void gone(ClientSession session) {
    live.remove(session);
  }

  @Nullable Identity verify(String token) {
    if (tokens == null) {
      throw new Rejection(
          ErrorCode.UNAUTHORIZED,
          "this server takes no tokens: set Realtime.builder().tokens(...)");
    }
    try {
      return tokens.verify(token);
    } catch (Rejection e) {
      throw e;
    } catch (RuntimeException e) {
      throw new RealtimeException("the token verifier failed", e);
    }
  }

  void check() {
    long now = now();
    long silence =
        pingInterval.isZero() ? 0 : pingInterval.plus(pongTimeout).plus(SLACK).toMillis();
    live.forEach(session -> session.check(now, silence));
  }

  /** Closes the sessions whose identity the predicate picks, as after a logout. */
  void revoke(Predicate<Identity> whose) {
    for (ClientSession session : live) {
      Identity who = session.identity();
      if (who != null && whose.test(who)) {
        session.close(CloseCode.UNAUTHORIZED);
      }
    }
  }

  /** Tells every client to come back within {@code spread}, and closes. */
  void dismissAll(Duration spread) {
    stopping = true;
    live.forEach(session -> dismiss(session, spread));
  }

  private static void dismiss(ClientSession session, Duration spread) {
    session.push(new Push.Advice(true, 0, spread.toMillis()));
    session.close(CloseCode.GOING_AWAY);
  }

  int count() {
    return live.size();
  }
}
