package dev.tidewire;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Carries out the commands of one session: checks who asks and what that may, and remembers what
 * was subscribed to and where the client is present. Not thread-safe: guarded by its session's
 * lock.
 */
final class SessionCommands {

  private final ClientSession session;
  private final Sessions server;
  private final SessionSubscriptions subscriptions;
  private final SessionPresence presence;
  private final TokenBucket publishes;
  private final AtomicInteger publishing = new AtomicInteger();
  private boolean used;

  SessionCommands(ClientSession session, Sessions server) {
    this.session = session;
    this.server = server;
    this.subscriptions = new SessionSubscriptions(session, server);
    this.presence = new SessionPresence(server.presence(), server.absences(), session.id());
    Limits limits = server.limits();
    this.publishes =
        new TokenBucket(limits.publishesPerSecond(), limits.publishBurst(), server.now());
  }

  /** What is subscribed to, by topic; may be read by any thread. */
  Map<String, ClientSubscription> subscriptions() {
    return subscriptions.byTopic();
  }

  /** Subscribes to what a stream tells of. */
  void stream(StreamRequest request) {
    used = true;
    subscriptions.stream(session.requireIdentity(), request);
  }

  /** In how many channels it is present, about. */
  int presenceCount() {
    return presence.count();
  }

  /** Answers the command, now or later; throws what is to be told as a failure. */
  void execute(Command command, Answers answers) {
    if (command instanceof Command.Ping ping) {
      answers.push(new Push.Pong());
      answers.acknowledge(new Reply.Done(), ping.id());
      return;
    }
    if (command instanceof Command.Auth auth) {
      authenticate(auth, answers);
      return;
    }
    Identity who = session.requireIdentity();
    used = true;
    if (command instanceof Command.Subscribe subscribe) {
      subscriptions.subscribe(who, subscribe);
    } else if (command instanceof Command.Unsubscribe unsubscribe) {
      subscriptions.unsubscribe(unsubscribe);
    } else if (command instanceof Command.Sync sync) {
      subscriptions.sync(who, sync);
    } else if (command instanceof Command.Track track) {
      track(who, track, answers);
    } else if (command instanceof Command.Untrack untrack) {
      answer(presence.untrack(untrack.topic(), who.userId()), untrack, answers);
    } else if (command instanceof Command.SetStatus status) {
      presence.setStatus(who.userId(), status.status());
      answers.acknowledge(new Reply.Done(), status.id());
    } else {
      request(who, command, answers);
    }
  }

  private void authenticate(Command.Auth auth, Answers answers) {
    Identity verified = server.verify(auth.token()); // throws if it cannot tell
    Identity known = session.identity();
    if (verified == null) {
      answers.reply(Reply.Failure.of(ErrorCode.UNAUTHORIZED, "the token is not valid"), auth.id());
      session.close(CloseCode.UNAUTHORIZED);
      return;
    }
    boolean settled = known != null && (used || !known.guest());
    if (settled && known != null && !known.userId().equals(verified.userId())) {
      throw new Rejection(
          ErrorCode.CONFLICT, "the connection belongs to another user; open a new one");
    }
    session.identify(verified);
    if (!settled && !session.welcomed(auth.id())) {
      return;
    }
    answers.acknowledge(new Reply.Authenticated(verified.userId()), auth.id());
  }

  private void track(Identity who, Command.Track command, Answers answers) {
    String topic = command.topic();
    int maxBytes = server.limits().presenceStateBytes();
    if (Limits.isLonger(command.data(), maxBytes)) {
      server.limits().met(Limit.PRESENCE_STATE_BYTES);
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
      server.limits().met(Limit.SUBSCRIPTIONS);
      throw new Rejection(ErrorCode.LIMIT_EXCEEDED, "present in at most " + max + " channels");
    }
    answer(presence.track(topic, who.userId(), data), command, answers);
  }

  private void answer(CompletionStage<Void> done, Command command, Answers answers) {
    done.whenComplete(
        (nothing, failure) -> {
          if (failure == null) {
            answers.acknowledge(new Reply.Done(), command.id());
          } else {
            answers.reply(server.requests().refusal(failure, command), command.id());
          }
        });
  }

  /** Whether the answer to a publication is still to come. */
  boolean isPublishing() {
    return publishing.get() > 0;
  }

  private void request(Identity who, Command command, Answers answers) {
    boolean publication = command instanceof Command.Publish;
    long wait = publication ? publishes.take(server.now()) : 0;
    if (wait > 0) {
      server.limits().met(Limit.PUBLISHES);
      throw new Rejection(ErrorCode.RATE_LIMITED, "too many messages").retryAfter(wait);
    }
    publishing.addAndGet(publication ? 1 : 0);
    server
        .requests()
        .execute(who, command, session.id())
        .whenComplete(
            (answer, never) -> {
              if (answer instanceof Reply.Published published) {
                // The publisher's own copy comes before its acknowledgement.
                server
                    .hub()
                    .afterDelivery(
                        published.topic(),
                        () -> {
                          answers.acknowledge(published, command.id());
                          publishing.decrementAndGet();
                        });
              } else {
                answers.reply(answer, command.id());
                publishing.addAndGet(publication ? -1 : 0);
              }
            });
  }

  /** The hub could not start it. Called by a delivering thread, without the session's lock. */
  void subscriptionFailed(ClientSubscription subscription) {
    subscriptions.failed(subscription);
  }

  /** Asks again for everything that was allowed once, and takes away what is not any more. */
  void recheck() {
    Identity who = session.identity();
    if (who != null && !session.hasEnded()) {
      subscriptions.recheck(who);
      presence.recheck(who, server.access(), session);
    }
  }

  /** The same in part, without the session's lock: nothing is delivered that may not be heard. */
  void silence() {
    Identity who = session.identity();
    if (who != null) {
      subscriptions.silence(who);
    }
  }

  /** The session ended; its user may return if it was lost rather than closed. */
  void leaveAll(PresenceDiff.Reason reason, boolean mayReturn) {
    subscriptions.leaveAll();
    Standing who = session.standing();
    if (who != null) {
      presence.leaveAll(who, reason, mayReturn, server.now());
    }
  }
}
