package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import dev.tidewire.transport.Frame;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One session's subscription to one channel. Called by the thread that drains the channel; only the
 * epoch is read by others.
 */
final class ClientSubscription implements Subscriber {

  private final ClientSession session;
  private final @Nullable String commandId;
  private final String topic;
  private final @Nullable Position since;
  private final boolean presence;
  private final boolean tellEmptyPresence;
  private final boolean replay;
  private volatile @Nullable String epoch;

  /**
   * @param commandId the command to acknowledge, or null
   * @param tellEmptyPresence whether a state without members is worth a frame
   * @param replay true to send what was missed as ordinary frames before the acknowledgement, false
   *     to send it inside
   */
  ClientSubscription(
      ClientSession session,
      @Nullable String commandId,
      String topic,
      @Nullable Position since,
      boolean presence,
      boolean tellEmptyPresence,
      boolean replay) {
    this.session = session;
    this.commandId = commandId;
    this.topic = topic;
    this.since = since;
    this.presence = presence;
    this.tellEmptyPresence = tellEmptyPresence;
    this.replay = replay;
  }

  String topic() {
    return topic;
  }

  /** The life of the stream this subscription started in, null before it did. */
  @Nullable String epoch() {
    return epoch;
  }

  @Override
  public @Nullable Position since() {
    return since;
  }

  @Override
  public void started(@Nullable Tail tail) {
    if (tail == null) {
      session.subscriptionFailed(this);
      session.reply(
          Reply.Failure.of(ErrorCode.UNAVAILABLE, "the channel cannot be read now"), commandId);
      return;
    }
    epoch = tail.position().epoch();
    boolean complete = tail.outcome() == Tail.Outcome.COMPLETE;
    List<Publication> missed = tail.publications();
    if (replay) {
      missed.forEach(p -> session.send(new Frame(p.frame())));
      missed = List.of();
    }
    session.reply(
        new Reply.Subscribed(topic, tail.position(), since == null ? null : complete, missed),
        commandId);
    if (!complete) {
      session.push(new Push.Reset(topic, tail.outcome().name(), tail.position()));
    }
  }

  @Override
  public void deliver(Run run) {
    if (!run.excludes(session.id())) {
      session.send(run.frame());
      return;
    }
    for (Publication publication : run.publications()) {
      if (!session.id().equals(publication.draft().exceptSession())) {
        session.send(new Frame(publication.frame()));
      }
    }
  }

  @Override
  public boolean wantsPresence() {
    return presence;
  }

  @Override
  public void present(PresenceState state) {
    if (tellEmptyPresence || !state.members().isEmpty()) {
      session.push(session.members(state));
    }
  }

  @Override
  public void present(PresenceDiff diff, Frame frame) {
    session.send(frame);
  }
}
