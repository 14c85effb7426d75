package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.protocol.CloseCode;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import dev.tidewire.rows.RowSource.Snapshot;
import dev.tidewire.transport.Frame;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
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
    REPLAY,
    /** For a stream: missed messages as ordinary frames, then a frame that it stands. */
    STREAM
  }

  private final ClientSession session;
  private final @Nullable String commandId;
  private final String topic;
  private final @Nullable Position since;
  private final boolean presence;
  private final Answer answer;
  private final @Nullable RowRequest request;
  private final Membership membership = new Membership(this);
  private volatile @Nullable String epoch;

  /** Set when the subscription is open, or could not be; read after that. */
  private volatile RowRequest.@Nullable Opening opening;

  private volatile Reply.@Nullable Failure refusal;
  // Confined to the drain.
  private @Nullable RowClass rows;
  private @Nullable Position begin;
  private boolean failed;
  private boolean recovered;

  /**
   * @param commandId the command to acknowledge, or null
   * @param request which rows of a table channel; null for the channel as it is
   */
  ClientSubscription(
      ClientSession session,
      @Nullable String commandId,
      String topic,
      @Nullable Position since,
      boolean presence,
      Answer answer,
      @Nullable RowRequest request) {
    this.session = session;
    this.commandId = commandId;
    this.topic = topic;
    this.since = since;
    this.presence = presence;
    this.answer = answer;
    this.request = request;
  }

  ClientSession session() {
    return session;
  }

  /** In the drain: where it began, null before it did. */
  @Nullable Position begin() {
    return begin;
  }

  /** In the drain: whether it was told all that it missed since its position. */
  boolean recovered() {
    return recovered;
  }

  /** Which rows it asked for, or null. */
  @Nullable RowRequest request() {
    return request;
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
  public CompletionStage<Tail> open(Function<@Nullable Position, CompletionStage<Tail>> read) {
    if (request == null) {
      return read.apply(since);
    }
    return request
        .open(since, read)
        .whenComplete(
            (found, failure) -> {
              opening = found;
              if (failure != null && Backend.cause(failure) instanceof Rejection why) {
                refusal = why.toReply();
              }
            })
        .thenApply(RowRequest.Opening::tail);
  }

  @Override
  public boolean continues() {
    return since == null && (request == null || !request.snapshot());
  }

  @Override
  public @Nullable RowScope scope() {
    RowRequest.Opening open = opening;
    return open == null ? null : open.scope();
  }

  @Override
  public void enter(RowClass rowClass) {
    rows = rowClass;
  }

  @Override
  public @Nullable RowClass rowClass() {
    return rows;
  }

  @Override
  public void started(@Nullable Tail tail) {
    if (tail == null) {
      Reply.Failure why = refusal;
      fail(
          why != null
              ? why
              : Reply.Failure.of(ErrorCode.UNAVAILABLE, "the channel cannot be read now"));
      return;
    }
    epoch = tail.position().epoch();
    begin = tail.position();
    RowRequest.Opening open = opening;
    opening = null; // the rows need not stay in memory
    List<Publication> missed = tail.publications();
    if (rows != null) {
      rows.begin(tail.position());
      missed = rows.shape(missed, since);
    }
    Snapshot snapshot = open == null ? null : open.snapshot();
    if (snapshot != null) {
      acknowledge(snapshot, rows);
      return;
    }
    long bytes = missed.stream().mapToLong(p -> p.frame().length).sum();
    Tail.Outcome outcome =
        missed.isEmpty() || session.hasRoomFor(bytes) ? tail.outcome() : Tail.Outcome.EVICTED;
    boolean complete = outcome == Tail.Outcome.COMPLETE;
    missed = complete ? missed : List.of();
    if (since != null || !complete) {
      session.counters().recovered(outcome);
    }
    recovered = complete;
    if (answer == Answer.STREAM) {
      stream(tail.position(), outcome, missed);
      return;
    }
    if (answer == Answer.REPLAY) {
      missed.forEach(p -> session.send(Frames.of(p)));
      missed = List.of();
    }
    session.reply(
        new Reply.Subscribed(topic, tail.position(), since == null ? null : complete, missed),
        commandId);
    if (!complete) {
      session.push(new Push.Reset(topic, outcome.name(), tail.position()));
    }
  }

  /** The rows in the place of what was missed. */
  private void acknowledge(Snapshot snapshot, @Nullable RowClass rowClass) {
    String json = rowClass == null ? session.json(snapshot.rows()) : rowClass.rows(snapshot);
    Reply.Failure obstacle = session.obstacle(json);
    if (obstacle != null) {
      fail(obstacle);
      return;
    }
    session.reply(
        new Reply.Subscribed(
            topic, snapshot.position(), since == null ? null : false, List.of(), json),
        commandId);
  }

  private void fail(Reply.Failure why) {
    failed = true;
    session.subscriptionFailed(this);
    session.reply(why, commandId);
    if (answer == Answer.STREAM) {
      session.close(CloseCode.POSITION_LOST); // its client cannot ask for one channel again
    }
  }

  /** The cursor never runs ahead of what was told: a reset comes before it counts as told. */
  private void stream(Position position, Tail.Outcome outcome, List<Publication> missed) {
    boolean complete = outcome == Tail.Outcome.COMPLETE;
    for (Publication publication : missed) {
      if (!session.id().equals(publication.draft().exceptSession())) {
        session.send(Frames.of(publication));
      }
    }
    if (!complete) {
      session.push(new Push.Reset(topic, outcome.name(), position));
    }
    session.push(new Push.Subscribed(topic, position, since == null ? null : complete));
  }

  @Override
  public void deliver(Run run) {
    if (failed) {
      return;
    }
    if (rows != null) {
      Frame frame = rows.frame(run, begin);
      if (frame != null) {
        session.send(frame);
      }
      return;
    }
    if (!run.excludes(session.id())) {
      session.send(run.frame());
      return;
    }
    for (Publication publication : run.publications()) {
      if (!session.id().equals(publication.draft().exceptSession())) {
        session.send(Frames.of(publication));
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
    } else if (tellsNobody() || !state.members().isEmpty()) {
      session.push(session.members(state));
    }
  }

  /** A client that was here before may know members who have gone. */
  private boolean tellsNobody() {
    return answer == Answer.STREAM ? since != null : answer != Answer.BRIEF;
  }

  @Override
  public void present(Frame differences) {
    session.send(differences);
  }
}
