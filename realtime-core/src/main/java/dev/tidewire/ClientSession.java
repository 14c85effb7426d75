package dev.tidewire;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Inbound;
import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's side of one client: decodes its frames to commands, checks who it is and what it may
 * do, and remembers what it subscribed to and where it is present.
 *
 * <p>Commands run in order under the session's lock, application code included: that lock is the
 * client's own, so a slow handler holds up nobody else. Delivery never takes it.
 */
final class ClientSession implements Session {

  private static final Logger log = LoggerFactory.getLogger(ClientSession.class);
  private static final long RATE_ADVICE_MIN_MS = 1_000;
  private static final long RATE_ADVICE_MAX_MS = 5_000;

  /** Time to send what waits before a close; then the link is cut. */
  private static final long CLOSE_PATIENCE_MS = 5_000;

  private final String id;
  private final String secret;
  private final Sessions server;
  private final OutboundQueue queue;
  private final long connectedAt;

  private final ReentrantLock lock = new ReentrantLock();
  private final SessionSubscriptions subscriptions;
  private final SessionPresence presence;
  private final SessionGuard guard;
  private boolean used;

  private volatile @Nullable Identity identity;
  private volatile long lastHeard;
  // Why it ended; null while it lives.
  private final AtomicReference<PresenceDiff.@Nullable Reason> ended = new AtomicReference<>();
  private volatile long endedAt;

  ClientSession(
      String id,
      String secret,
      Sessions server,
      Connection connection,
      @Nullable Identity identity) {
    this.id = id;
    this.secret = secret;
    this.server = server;
    this.identity = identity;
    this.connectedAt = server.now();
    this.lastHeard = connectedAt;
    Limits limits = server.limits();
    this.queue =
        new OutboundQueue(
            connection,
            limits.queueBytes(),
            server.delivery(),
            () -> end(PresenceDiff.Reason.TIMEOUT));
    this.presence = new SessionPresence(server.presence(), id);
    this.subscriptions = new SessionSubscriptions(this, server);
    this.guard = new SessionGuard(limits, connectedAt);
  }

  @Override
  public String id() {
    return id;
  }

  void subscriptionFailed(ClientSubscription subscription) {
    subscriptions.failed(subscription);
  }

  @Nullable Identity identity() {
    return identity;
  }

  /** Tells the client who it is, if that is settled. */
  void welcome() {
    Identity who = identity;
    if (who != null) {
      push(
          new Push.Welcome(
              id,
              secret,
              who.userId(),
              server.pingInterval().toMillis(),
              server.pongTimeout().toMillis(),
              server.limits().frameBytes()));
    }
  }

  @Override
  public void touch() {
    lastHeard = server.now();
  }

  @Override
  public void receive(String text) {
    touch();
    int max = server.limits().frameBytes();
    if (max > 0 && text.length() > max / 3 && utf8Length(text) > max) { // 3 bytes a char at most
      close(CloseCode.TOO_BIG);
      return;
    }
    lock.lock();
    try {
      for (Inbound frame : server.codec().decode(text)) {
        if (hasEnded()) {
          break;
        }
        process(frame);
      }
    } finally {
      lock.unlock();
      if (hasEnded()) {
        leave(); // perhaps it ended while this thread had the lock
      }
    }
  }

  private boolean hasEnded() {
    return ended.get() != null;
  }

  private static int utf8Length(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private void process(Inbound frame) {
    long wait = guard.admit(server.now());
    if (wait > 0) {
      rateLimited(frame, wait);
      return;
    }
    if (frame instanceof Inbound.Refused refused) {
      reply(Reply.Failure.of(refused.code(), refused.message()), refused.id());
      if (refused.malformed() && guard.isAbuse(server.now())) {
        close(CloseCode.PROTOCOL_ABUSE);
      }
      return;
    }
    Command command = (Command) frame;
    try {
      execute(command);
    } catch (RuntimeException | Error e) {
      reply(server.requests().refusal(e, command), command.id());
    }
  }

  private void rateLimited(Inbound frame, long wait) {
    reply(
        new Rejection(ErrorCode.RATE_LIMITED, "too many frames").retryAfter(wait).toReply(),
        frame.id());
    if (guard.isFlood(server.now())) {
      push(new Push.Advice(true, RATE_ADVICE_MIN_MS, RATE_ADVICE_MAX_MS));
      close(CloseCode.RATE_LIMITED);
    }
  }

  private void execute(Command command) {
    if (command instanceof Command.Ping ping) {
      push(new Push.Pong());
      acknowledge(new Reply.Done(), ping.id());
      return;
    }
    if (command instanceof Command.Auth auth) {
      authenticate(auth);
      return;
    }
    Identity who = identity;
    if (who == null) {
      throw new Rejection(ErrorCode.UNAUTHORIZED, "send an auth frame with a token first");
    }
    used = true;
    if (command instanceof Command.Subscribe subscribe) {
      subscriptions.subscribe(who, subscribe);
    } else if (command instanceof Command.Unsubscribe unsubscribe) {
      subscriptions.unsubscribe(unsubscribe);
    } else if (command instanceof Command.Sync sync) {
      subscriptions.sync(who, sync);
    } else if (command instanceof Command.Track track) {
      track(who, track);
    } else if (command instanceof Command.Untrack untrack) {
      answer(presence.untrack(untrack.topic(), who.userId()), untrack);
    } else if (command instanceof Command.SetStatus status) {
      presence.setStatus(who.userId(), status.status());
      acknowledge(new Reply.Done(), status.id());
    } else {
      request(who, command);
    }
  }

  private void authenticate(Command.Auth auth) {
    Identity verified = server.verify(auth.token()); // throws if it cannot tell
    Identity known = identity;
    if (verified == null) {
      reply(Reply.Failure.of(ErrorCode.UNAUTHORIZED, "the token is not valid"), auth.id());
      close(CloseCode.UNAUTHORIZED);
      return;
    }
    boolean settled = known != null && (used || !known.guest());
    if (settled && known != null && !known.userId().equals(verified.userId())) {
      throw new Rejection(
          ErrorCode.CONFLICT, "the connection belongs to another user; open a new one");
    }
    identity = verified;
    if (!settled) {
      welcome();
    }
    acknowledge(new Reply.Authenticated(verified.userId()), auth.id());
  }

  private void track(Identity who, Command.Track command) {
    String topic = command.topic();
    int maxBytes = server.limits().presenceStateBytes();
    if (maxBytes > 0 && utf8Length(command.data()) > maxBytes) {
      throw new Rejection(
          ErrorCode.TOO_LARGE, "a presence state is at most " + maxBytes + " bytes");
    }
    server.access().require(who, topic, Action.PRESENCE_WRITE);
    String data = server.codec().presenceData(command.data(), who.userId());
    if (data == null) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "a presence state is a JSON object");
    }
    int max = server.limits().subscriptions();
    if (max > 0 && !presence.isTracked(topic) && presence.count() >= max) {
      throw new Rejection(ErrorCode.LIMIT_EXCEEDED, "present in at most " + max + " channels");
    }
    answer(presence.track(topic, who.userId(), data), command);
  }

  private void answer(CompletionStage<Void> done, Command command) {
    done.whenComplete(
        (nothing, failure) -> {
          if (failure == null) {
            acknowledge(new Reply.Done(), command.id());
          } else {
            reply(server.requests().refusal(failure, command), command.id());
          }
        });
  }

  private void request(Identity who, Command command) {
    server
        .requests()
        .execute(who, command, id)
        .whenComplete(
            (answer, never) -> {
              if (answer instanceof Reply.Published published) {
                // The publisher's own copy comes before its acknowledgement.
                server
                    .hub()
                    .afterDelivery(published.topic(), () -> acknowledge(published, command.id()));
              } else {
                reply(answer, command.id());
              }
            });
  }

  /** A client that gave its command no id wants no acknowledgement. */
  void acknowledge(Reply.Ack ack, @Nullable String commandId) {
    if (commandId != null) {
      reply(ack, commandId);
    }
  }

  void reply(Reply reply, @Nullable String commandId) {
    if (commandId != null || reply instanceof Reply.Failure) {
      send(Frame.of(server.codec().encode(reply, commandId, server.now())));
    }
  }

  void push(Push push) {
    send(Frame.of(server.codec().encode(push, server.now())));
  }

  Push members(PresenceState state) {
    return new Push.Members(state, server.limits().members());
  }

  void send(Frame frame) {
    if (!queue.offer(frame)) {
      log.info("Session {} reads too slowly; closed", id);
      end(PresenceDiff.Reason.TIMEOUT);
      queue.close(CloseCode.SLOW_CONSUMER);
    }
  }

  /** Whether the client can be told all of them at once and still keep up. */
  boolean hasRoomFor(List<Publication> publications) {
    long bytes = 0;
    for (Publication publication : publications) {
      bytes += publication.frame().length;
    }
    return queue.hasRoomFor(bytes);
  }

  /** Sends what waits, then closes; the session itself ends at once. */
  void close(CloseCode code) {
    queue.closeAfterFlush(code);
    end(PresenceDiff.Reason.LEFT);
  }

  /** Closes without waiting for the client. */
  private void cut(CloseCode code) {
    queue.close(code);
    end(PresenceDiff.Reason.TIMEOUT);
  }

  /** The server stops: what could not be sent by now stays unsent. */
  void cut() {
    cut(CloseCode.GOING_AWAY);
    server.gone(this);
  }

  @Override
  public void closed(int code) {
    queue.discard();
    boolean orderly = code == CloseCode.NORMAL.code() || code == CloseCode.GOING_AWAY.code();
    end(orderly ? PresenceDiff.Reason.LEFT : PresenceDiff.Reason.TIMEOUT);
    server.gone(this);
  }

  /** Leaves every channel, once, on another thread: this one may be delivering. */
  private void end(PresenceDiff.Reason reason) {
    if (ended.compareAndSet(null, reason)) {
      endedAt = server.now();
      server.execute(this::leave);
    }
  }

  /** If a command is just being carried out, its thread does this after it. */
  private void leave() {
    PresenceDiff.Reason reason = ended.get();
    if (reason != null && lock.tryLock()) {
      try {
        subscriptions.leaveAll();
        Identity who = identity;
        if (who != null) {
          presence.leaveAll(who.userId(), reason);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * Called about once a second: ends the session if its time is over.
   *
   * @param silenceAllowedMs 0 if silence is not to be judged
   */
  void check(long now, long silenceAllowedMs) {
    if (hasEnded()) {
      if (now - endedAt > CLOSE_PATIENCE_MS) {
        cut(); // the client takes nothing, or the adapter did not tell that it is gone
      }
      return;
    }
    Identity who = identity;
    Instant expiry = who == null ? null : who.expiresAt();
    long authentication = server.limits().authenticationTime().toMillis();
    if (who == null && authentication > 0 && now - connectedAt > authentication) {
      reply(Reply.Failure.of(ErrorCode.UNAUTHORIZED, "not authenticated in time"), null);
      close(CloseCode.UNAUTHORIZED);
    } else if (expiry != null && expiry.toEpochMilli() <= now) {
      reply(Reply.Failure.of(ErrorCode.UNAUTHORIZED, "the token has expired"), null);
      close(CloseCode.UNAUTHORIZED);
    } else if (silenceAllowedMs > 0 && now - lastHeard > silenceAllowedMs) {
      cut(CloseCode.PING_TIMEOUT);
    }
  }
}
