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
import dev.tidewire.rows.Where;
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

  /** What tells a client to load again because it may see other rows now. */
  private static final String ACCESS = "ACCESS";

  private final ClientSession session;
  private final OutboundQueue queue; // the session's: what is delivered need not touch that
  private final @Nullable String commandId;
  private final String topic;
  private final @Nullable Position since;
  private volatile boolean presence;
  private final SubscribeAnswer answer;
  private volatile boolean count;
  private final @Nullable RowRequest request;
  private final Membership membership = new Membership(this);
  private volatile @Nullable String epoch;

  /** Set when the subscription is open, or could not be; read after that. */
  private volatile RowRequest.@Nullable Opening opening;

  private volatile Reply.@Nullable Failure refusal;

  /** Nothing is delivered any more, whatever still comes. */
  private volatile boolean silent;

  private volatile Reply.@Nullable Failure withdrawal;
  // Confined to the drain.
  private boolean answered;
  private @Nullable RowClass rows;
  private @Nullable Position begin;
  private boolean recovered;
  private boolean presented;

  /**
   * @param commandId the command to acknowledge, or null
   * @param count whether it wants to know how many members there are
   * @param request which rows of a table channel; null for the channel as it is
   */
  ClientSubscription(
      ClientSession session,
      @Nullable String commandId,
      String topic,
      @Nullable Position since,
      boolean presence,
      SubscribeAnswer answer,
      boolean count,
      @Nullable RowRequest request) {
    this.session = session;
    this.queue = session.queue();
    this.commandId = commandId;
    this.topic = topic;
    this.since = since;
    this.presence = presence;
    this.answer = answer;
    this.count = count;
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

  /** The condition that it asked for, or null. */
  @Nullable Where where() {
    return request == null ? null : request.where();
  }

  String topic() {
    return topic;
  }

  /** Delivers nothing from now on. */
  void silence() {
    silent = true;
  }

  boolean isSilent() {
    return silent;
  }

  /** Tells nothing of the members from now on. */
  void hidePresence() {
    presence = false;
    count = false;
  }

  /** It is not allowed any more; if it has not begun yet, that is the answer. */
  void withdraw(Reply.Failure why) {
    withdrawal = why;
    silent = true;
  }

  /** In the drain: tells a client that was told that it stands. */
  void tellWithdrawn() {
    Reply.Failure why = withdrawal;
    if (answered && why != null) {
      session.reply(why.on(topic), null);
    }
  }

  /** The same with other rows, which goes on where this one stops. */
  ClientSubscription renewed(@Nullable RowRequest newRequest) {
    return new ClientSubscription(
        session,
        null,
        topic,
        null,
        presence,
        answer.isStream() ? SubscribeAnswer.RENEWED_STREAM : SubscribeAnswer.RENEWED,
        count,
        newRequest);
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

  /** Asked before anything of the answer is kept, so that a client that waits costs nothing. */
  @Override
  public boolean admits(Tail tail, Runnable later) {
    long bytes = tail.publications().stream().mapToLong(p -> p.frame().length).sum();
    return bytes == 0 || queue.admits(bytes, later);
  }

  @Override
  public void started(@Nullable Tail tail) {
    try {
      start(tail);
    } finally {
      queue.admitNext();
    }
  }

  private void start(@Nullable Tail tail) {
    Reply.Failure withdrawn = withdrawal;
    if (silent && withdrawn == null && answer.isRenewed()) {
      return; // another one takes its place
    }
    if (silent) {
      fail(
          withdrawn != null
              ? withdrawn
              : Reply.Failure.of(ErrorCode.UNAVAILABLE, "access is changing: subscribe again"));
      return;
    }
    if (tail == null) {
      Reply.Failure why = refusal;
      fail(
          why != null
              ? why
              : Reply.Failure.of(ErrorCode.UNAVAILABLE, "the channel cannot be read now"));
      return;
    }
    answered = true;
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
    Tail.Outcome outcome = tail.outcome();
    if (answer.isRenewed()) {
      session.push(new Push.Reset(topic, ACCESS, tail.position()));
      if (answer == SubscribeAnswer.RENEWED_STREAM) {
        session.push(new Push.Subscribed(topic, tail.position(), null));
      }
      return;
    }
    recovered = outcome == Tail.Outcome.COMPLETE;
    if (since != null || !recovered) {
      session.server().recovered(session, topic, outcome);
    }
    if (answer == SubscribeAnswer.STREAM) {
      stream(tail.position(), outcome, missed);
      return;
    }
    if (answer == SubscribeAnswer.REPLAY) {
      queue.offerRecovered(missed.stream().map(Frames::of).toList());
      missed = List.of();
    }
    boolean complete = outcome == Tail.Outcome.COMPLETE;
    Reply.Subscribed ack =
        new Reply.Subscribed(topic, tail.position(), since == null ? null : complete, missed);
    if (missed.isEmpty()) {
      session.reply(ack, commandId);
    } else if (commandId != null) {
      queue.offerRecovered(List.of(session.frame(ack, commandId)));
    }
    if (!complete) {
      session.push(new Push.Reset(topic, outcome.name(), tail.position()));
    }
  }

  /** The rows in the place of what was missed. */
  private void acknowledge(Snapshot snapshot, @Nullable RowClass rowClass) {
    String json =
        rowClass == null
            ? session.server().codec().toJson(snapshot.rows())
            : rowClass.rows(snapshot);
    Reply.Failure obstacle = obstacle(json);
    if (obstacle != null) {
      fail(obstacle);
      return;
    }
    session.reply(
        new Reply.Subscribed(
            topic, snapshot.position(), since == null ? null : false, List.of(), json),
        commandId);
  }

  /** Why the client cannot be told so much at once; null if it can. */
  private Reply.@Nullable Failure obstacle(String json) {
    int max = session.server().limits().queueBytes();
    if (Limits.isLonger(json, max)) {
      return Reply.Failure.of(
          ErrorCode.LIMIT_EXCEEDED, "the rows are more than " + max + " bytes: ask for fewer");
    }
    // an estimate: what is not ASCII takes more than one byte
    return queue.hasRoomFor(json.length())
        ? null
        : Reply.Failure.of(ErrorCode.UNAVAILABLE, "too much waits to be sent to this client");
  }

  private void fail(Reply.Failure why) {
    silent = true;
    session.subscriptionFailed(this);
    session.reply(commandId == null ? why.on(topic) : why, commandId);
    if (answer == SubscribeAnswer.STREAM) {
      session.close(CloseCode.POSITION_LOST); // its client cannot ask for one channel again
    }
  }

  /** The cursor never runs ahead of what was told: a reset comes before it counts as told. */
  private void stream(Position position, Tail.Outcome outcome, List<Publication> missed) {
    boolean complete = outcome == Tail.Outcome.COMPLETE;
    queue.offerRecovered(forMe(missed));
    if (!complete) {
      session.push(new Push.Reset(topic, outcome.name(), position));
    }
    session.push(new Push.Subscribed(topic, position, since == null ? null : complete));
  }

  @Override
  public void deliver(Run run) {
    if (silent) {
      return;
    }
    if (rows != null) {
      Frame frame = rows.frame(run, begin);
      if (frame != null) {
        send(frame);
      }
    } else if (run.isForAll() || !run.excludes(session.id())) {
      send(run.frame());
    } else {
      forMe(run.publications()).forEach(this::send);
    }
  }

  private List<Frame> forMe(List<Publication> publications) {
    return publications.stream()
        .filter(p -> !session.id().equals(p.exceptSession()))
        .map(Frames::of)
        .toList();
  }

  private void send(Frame frame) {
    if (!queue.offer(frame)) {
      session.tooSlow();
    }
  }

  @Override
  public boolean wantsPresence() {
    return presence;
  }

  @Override
  public boolean isClient() {
    return true;
  }

  @Override
  public boolean wantsCount() {
    return count;
  }

  @Override
  public void count(Frame number) {
    session.send(number);
  }

  /** A client that was here before may know members who have gone. */
  private boolean tellsNobody() {
    return answer == SubscribeAnswer.STREAM ? since != null : answer != SubscribeAnswer.BRIEF;
  }

  @Override
  public void present(PresenceRun differences) {
    // What listens to server-sent events listens by the events' names.
    session.send(answer.isStream() ? differences.each() : differences.together());
  }

  @Override
  public void present(@Nullable PresenceState state) {
    if (state == null) {
      session.reply(
          Reply.Failure.of(
              ErrorCode.UNAVAILABLE,
              "who is in '" + topic + "' cannot be read now: subscribe again"),
          null);
    } else if (presented || tellsNobody() || !state.members().isEmpty()) {
      session.push(new Push.Members(state, session.server().limits().members()));
    }
    presented = true;
  }
}
