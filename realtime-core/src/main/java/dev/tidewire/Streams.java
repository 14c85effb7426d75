package dev.tidewire;

import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Inbound;
import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Session;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * For adapters: clients that hear on one request and speak on others, as with server-sent events
 * and polling. What they hear goes through a session and a {@link Connection}, like everything
 * else.
 *
 * <p>Safe for any thread.
 */
public final class Streams {

  private final Sessions sessions;

  Streams(Sessions sessions) {
    this.sessions = sessions;
  }

  /**
   * Opens a session that tells of these channels: first a {@code connected} frame, then for each
   * channel what was missed since the cursor, or a reset, and a {@code subscribed} frame. Nothing
   * is sent before the request is found to be allowed.
   *
   * @param identity who asks, or null; then a guest, if guests are let in
   * @throws Rejection if that is not allowed; then the connection has not been used
   */
  public Session open(Connection connection, @Nullable Identity identity, StreamRequest request) {
    return sessions.openStream(connection, identity, request);
  }

  /**
   * Carries out the frames of a request.
   *
   * @param identity who asks, or null
   * @param address the client's network address; without a session, each frame counts as a request
   *     of it, the first as the one that was let in
   * @param secret the {@code session} that a stream was told at its beginning: the frames are of
   *     that stream's client; null for frames that need none
   * @return the answers, in the order of the frames; never fails
   * @throws Rejection if nobody is known to ask, or there is no such stream (any more)
   */
  public CompletionStage<List<String>> send(
      @Nullable Identity identity, String address, @Nullable String secret, String text) {
    if (secret == null) {
      sessions.admission().requireOpen();
      return send(sessions.requireIdentity(identity), address, text);
    }
    ClientSession session = sessions.find(secret);
    if (session == null) {
      throw new Rejection(ErrorCode.UNRECOVERABLE, "no such session any more: open a new stream");
    }
    Identity own = session.requireIdentity();
    if (identity != null && !identity.userId().equals(own.userId())) {
      throw new Rejection(ErrorCode.FORBIDDEN, "the session belongs to another user");
    }
    return session.request(text);
  }

  private CompletionStage<List<String>> send(Identity who, String address, String text) {
    List<Inbound> frames = sessions.codec().decode(text);
    RequestAnswers answers = new RequestAnswers(sessions.codec(), sessions::now, frames.size());
    for (int i = 0; i < frames.size(); i++) {
      Inbound frame = frames.get(i);
      Answers to = answers.to(i);
      Reply.Failure tooMany = i == 0 ? null : tooMany(address);
      if (tooMany != null) {
        to.reply(tooMany, frame.id());
      } else if (frame instanceof Inbound.Refused refused) {
        to.reply(Reply.Failure.of(refused.code(), refused.message()), refused.id());
      } else if (frame instanceof Command.Ping ping) {
        to.push(new Push.Pong());
        to.acknowledge(new Reply.Done(), ping.id());
      } else {
        sessions
            .requests()
            .execute(who, (Command) frame, null)
            .whenComplete((reply, never) -> answer(to, reply, frame.id()));
      }
    }
    return answers.all();
  }

  private Reply.@Nullable Failure tooMany(String address) {
    try {
      sessions.admission().request(address);
      return null;
    } catch (Rejection e) {
      return e.toReply();
    }
  }

  private static void answer(Answers to, Reply reply, @Nullable String commandId) {
    if (reply instanceof Reply.Ack ack) {
      to.acknowledge(ack, commandId);
    } else {
      to.reply(reply, commandId);
    }
  }
}
