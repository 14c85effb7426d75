package dev.tidewire;

import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Inbound;
import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of one client: decodes its frames, judges how it behaves, has its commands
 * carried out, sends what it is to hear, and ends.
 *
 * <p>Commands run in order under the session's lock, application code included: that lock is the
 * client's own, so a slow handler holds up nobody else. Delivery never takes it.
 */
final class ClientSession implements Session, Answers {

  private static final long RATE_ADVICE_MIN_MS = 1_000;
  private static final long RATE_ADVICE_MAX_MS = 5_000;

  /** Time to send what waits before a close; then the link is cut. */
  private static final long CLOSE_PATIENCE_MS = 5_000;

  private final String id;
  private final String secret;
  private final Sessions server;
  final Connection connection;
  final OutboundQueue queue;
  final long connectedAt;

  private final ReentrantLock lock = new ReentrantLock();
  private final SessionGuard guard;
  private final UserPlace place;
  final SessionCommands commands;

  private final AtomicReference<@Nullable Standing> standing;
  volatile long lastHeard;

  private volatile boolean pings; // only then silence means that the client is gone
  private final Recheck recheck;
  private final Departure departure;

  ClientSession(
      String id,
      String secret,
      Sessions server,
      Connection connection,
      @Nullable Identity identity,
      boolean pings) {
    this.id = id;
    this.secret = secret;
    this.server = server;
    this.connection = connection;
    this.pings = pings;
    this.standing = new AtomicReference<>(identity == null ? null : Standing.of(identity));
    this.connectedAt = server.now();
    this.lastHeard = connectedAt;
    Limits limits = server.limits();
    this.queue =
        new OutboundQueue(
            connection,
            limits.queueBytes(),
            server.delivery(),
            () -> end(PresenceDiff.Reason.TIMEOUT, true));
    this.guard = new SessionGuard(limits, connectedAt);
    this.place = new UserPlace(server.admission());
    this.commands = new SessionCommands(this, server);
    this.recheck = new Recheck(lock, commands);
    this.departure = new Departure(this, lock, commands);
  }

  @Override
  public String id() {
    return id;
  }

  void subscriptionFailed(ClientSubscription subscription) {
    commands.subscriptionFailed(subscription);
  }

  Sessions server() {
    return server;
  }

  String secret() {
    return secret;
  }

  @Nullable Standing standing() {
    return standing.get();
  }

  @Nullable Identity identity() {
    Standing now = standing.get();
    return now == null ? null : now.identity();
  }

  Identity requireIdentity() {
    Identity who = identity();
    if (who == null) {
      throw new Rejection(ErrorCode.UNAUTHORIZED, "send an auth frame with a token first");
    }
    return who;
  }

  /** Under the session's lock: settles who it is, or renews the proof of it. */
  void identify(Identity verified) {
    Standing before = standing.getAndSet(Standing.of(verified));
    if (before != null && !before.identity().roles().equals(verified.roles())) {
      recheck.later();
    }
  }

  /** Asks again what the client may, after the change. */
  void recheck(UnaryOperator<Identity> change) {
    standing.updateAndGet(who -> who == null ? null : who.changed(change));
    if (hasEnded()) {
      departure.revoke(); // whoever is just leaving does not stay for the grace window
    } else {
      recheck.begin();
    }
  }

  /**
   * Tells the client who it is, if that is settled; or, if the user has too many connections, that,
   * and closes.
   *
   * @param commandId the command that settled it, or null
   * @return whether it may stay
   */
  boolean welcomed(@Nullable String commandId) {
    Identity who = identity();
    if (who == null) {
      return true;
    }
    try {
      place.take(who);
    } catch (Rejection e) {
      reply(e.toReply(), commandId);
      closeWithAdvice();
      return false;
    }
    push(server.greeting(this, who));
    return true;
  }

  /** Subscribes to what a stream tells of, or throws and subscribes to nothing. */
  void stream(StreamRequest request) {
    place.take(requireIdentity());
    lock.lock();
    try {
      commands.stream(request);
    } finally {
      release();
    }
  }

  /** Tells the client of a stream who it is and what it will hear of. */
  void connected(List<String> topics) {
    push(new Push.Connected(topics, server.greeting(this, requireIdentity())));
  }

  @Override
  public void touch() {
    lastHeard = server.now();
  }

  @Override
  public void receive(String text) {
    touch();
    int max = server.limits().frameBytes();
    if (Limits.isLonger(text, max)) {
      server.limits().met(Limit.FRAME_BYTES);
      close(CloseCode.TOO_BIG);
      return;
    }
    lock.lock();
    try {
      for (Inbound frame : server.codec().decode(text)) {
        if (hasEnded()) {
          break;
        }
        process(frame, this);
      }
    } finally {
      release();
    }
  }

  private void release() {
    lock.unlock();
    if (hasEnded()) {
      departure.carryOut(); // perhaps it ended while this thread had the lock
    } else {
      recheck.ifFree();
    }
  }

  /** Processes the frames of a request of their own; their answers go back with it. */
  CompletionStage<List<String>> request(String text) {
    touch();
    List<Inbound> frames = server.codec().decode(text);
    RequestAnswers answers = new RequestAnswers(server.codec(), server::now, frames.size());
    lock.lock();
    try {
      for (int i = 0; i < frames.size(); i++) {
        Inbound frame = frames.get(i);
        pings |= frame instanceof Command.Ping;
        if (hasEnded()) {
          answers.none();
        } else if (Command.isSubscription(frame)) {
          answers
              .to(i)
              .reply(
                  Reply.Failure.of(
                      ErrorCode.BAD_REQUEST, "the topics of a stream are those of its address"),
                  frame.id());
        } else {
          process(frame, answers.to(i));
        }
      }
    } finally {
      release();
    }
    return answers.all();
  }

  boolean hasEnded() {
    return departure.hasBegun();
  }

  /** Whether it waits for the answer to a publication. */
  boolean isPublishing() {
    return commands.isPublishing();
  }

  private void process(Inbound frame, Answers answers) {
    long wait = guard.admit(server.now());
    if (wait > 0) {
      rateLimited(frame, wait, answers);
      return;
    }
    if (frame instanceof Inbound.Refused refused) {
      answers.reply(Reply.Failure.of(refused.code(), refused.message()), refused.id());
      if (refused.malformed() && guard.isAbuse(server.now())) {
        server.limits().met(Limit.BAD_FRAMES);
        close(CloseCode.PROTOCOL_ABUSE);
      }
      return;
    }
    Command command = (Command) frame;
    boolean hearsItself = command instanceof Command.Publish;
    if (hearsItself) {
      queue.gather(); // the publisher's own copy and the acknowledgement: one message
    }
    try {
      commands.execute(command, answers);
    } catch (RuntimeException | Error e) {
      answers.reply(server.requests().refusal(e, command), command.id());
    } finally {
      if (hearsItself) {
        queue.release();
      }
    }
    recheck.ifDue();
  }

  private void rateLimited(Inbound frame, long wait, Answers answers) {
    server.limits().met(Limit.FRAMES);
    answers.reply(
        new Rejection(ErrorCode.RATE_LIMITED, "too many frames").retryAfter(wait).toReply(),
        frame.id());
    if (guard.isFlood(server.now())) {
      closeWithAdvice();
    }
  }

  private void closeWithAdvice() {
    push(new Push.Advice(true, RATE_ADVICE_MIN_MS, RATE_ADVICE_MAX_MS));
    close(CloseCode.RATE_LIMITED);
  }

  @Override
  public void acknowledge(Reply.Ack ack, @Nullable String commandId) {
    if (commandId != null) {
      reply(ack, commandId);
    }
  }

  @Override
  public void reply(Reply reply, @Nullable String commandId) {
    if (commandId != null || reply instanceof Reply.Failure) {
      send(Frames.of(reply, commandId, server.codec(), server.now()));
    }
  }

  @Override
  public void push(Push push) {
    send(Frames.of(push, server.codec(), server.now()));
  }

  void send(Frame frame) {
    if (!queue.offer(frame)) {
      tooSlow();
    }
  }

  /** The queue has no room for what is to be told: the client is given up. */
  void tooSlow() {
    server.limits().met(Limit.QUEUE_BYTES);
    server.tooSlow(this, "too much waits");
    end(PresenceDiff.Reason.TIMEOUT, true);
    queue.close(CloseCode.SLOW_CONSUMER);
  }

  /** Tells what it holds and has sent. */
  void addTo(Tally tally) {
    tally.connected(connection.transport(), 1);
    tally.present(commands.presenceCount());
    queue.addTo(tally);
  }

  /** What the client is told in answer to where it was. */
  OutboundQueue queue() {
    return queue;
  }

  Frame frame(Reply reply, @Nullable String commandId) {
    return Frames.of(reply, commandId, server.codec(), server.now());
  }

  /** Sends what waits, then closes; the session itself ends at once. */
  void close(CloseCode code) {
    boolean isLogout = code == CloseCode.UNAUTHORIZED;
    end(isLogout ? PresenceDiff.Reason.LOGOUT : PresenceDiff.Reason.LEFT, code.asksBack());
    queue.closeAfterFlush(code); // the adapter may say at once that it is closed
  }

  /** The identity does not count any more. */
  void revoke() {
    departure.revoke();
    close(CloseCode.UNAUTHORIZED);
  }

  private void cut(CloseCode code) {
    end(PresenceDiff.Reason.TIMEOUT, true);
    queue.close(code);
  }

  /** The server stops: what could not be sent by now stays unsent. */
  void cut() {
    cut(CloseCode.GOING_AWAY);
    gone();
  }

  @Override
  public void closed(int code) {
    queue.discard();
    boolean orderly = code == CloseCode.NORMAL.code() || code == CloseCode.GOING_AWAY.code();
    end(orderly ? PresenceDiff.Reason.LEFT : PresenceDiff.Reason.TIMEOUT, !orderly);
    gone();
  }

  private void gone() {
    place.free();
    server.gone(this);
  }

  private void end(PresenceDiff.Reason reason, boolean mayReturn) {
    departure.begin(reason, mayReturn);
  }

  /**
   * Called about once a second: ends the session if its time is over.
   *
   * @param silenceAllowedMs 0 if silence is not to be judged
   */
  void check(long now, long silenceAllowedMs) {
    connection.tick();
    if (hasEnded()) {
      if (now - departure.begunAt() > CLOSE_PATIENCE_MS) {
        cut(); // the client takes nothing, or the adapter did not tell that it is gone
      }
      return;
    }
    Identity who = identity();
    Instant expiry = who == null ? null : who.expiresAt();
    long authentication = server.limits().authenticationTime().toMillis();
    if (who == null && authentication > 0 && now - connectedAt > authentication) {
      server.limits().met(Limit.AUTHENTICATION_TIME);
      reply(Reply.Failure.of(ErrorCode.UNAUTHORIZED, "not authenticated in time"), null);
      close(CloseCode.UNAUTHORIZED);
    } else if (expiry != null && expiry.toEpochMilli() <= now) {
      reply(Reply.Failure.of(ErrorCode.UNAUTHORIZED, "the token has expired"), null);
      close(CloseCode.UNAUTHORIZED);
    } else if (pings && silenceAllowedMs > 0 && now - lastHeard > silenceAllowedMs) {
      cut(CloseCode.PING_TIMEOUT);
    } else if (queue.isStuck(now)) {
      server.tooSlow(this, "takes nothing");
      cut(CloseCode.SLOW_CONSUMER);
    }
  }
}
