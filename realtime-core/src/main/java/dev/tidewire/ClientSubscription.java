package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
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

  /** How what was missed and who is here is told. */
  enum Answer {
    /** Missed messages inside the acknowledgement; nothing if nobody is here. */
    BRIEF,
    /** Missed messages inside the acknowledgement; who is here even if that is nobody. */
    FULL,
    /** Missed messages as ordinary frames before the acknowledgement; then as {@link #FULL}. */
    REPLAY
  }

  private final ClientSession session;
  private final @Nullable String commandId;
  private final String topic;
  private final @Nullable Position since;
  private final boolean presence;
  private final Answer answer;
  private final Membership membership = new Membership(this);
  private volatile @Nullable String epoch;

  /**
   * @param commandId the command to acknowledge, or null
   */
  ClientSubscription(
      ClientSession session,
      @Nullable String commandId,
      String topic,
      @Nullable Position since,
      boolean presence,
      Answer answer) {
    this.session = session;
    this.commandId = commandId;
    this.topic = topic;
    this.since = since;
    this.presence = presence;
    this.answer = answer;
  }

  String topic() {
    return topic;
  }

  Membership membership() {
    return membership;
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
    List<Publication> missed = tail.publications();
    Tail.Outcome outcome =
        session.hasRoomFor(missed) || missed.isEmpty() ? tail.outcome() : Tail.Outcome.EVICTED;
    boolean complete = outcome == Tail.Outcome.COMPLETE;
    missed = complete ? missed : List.of();
    if (answer == Answer.REPLAY) {
      missed.forEach(p -> session.send(new Frame(p.frame())));
      missed = List.of();
    }
    session.reply(
        new Reply.Subscribed(topic, tail.position(), since == null ? null : complete, missed),
        commandId);
    if (!complete) {
      session.push(new Push.Reset(topic, outcome.name(), tail.position()));
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
  public void present(@Nullable PresenceState state) {
    if (state == null) {
      session.reply(
          Reply.Failure.of(
              ErrorCode.UNAVAILABLE,
              "who is in '" + topic + "' cannot be read now: subscribe again"),
          null);
    } else if (answer != Answer.BRIEF || !state.members().isEmpty()) {
      session.push(session.members(state));
    }
  }

  @Override
  public void present(Frame differences) {
    session.send(differences);
  }
}
