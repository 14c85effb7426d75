package dev.tidewire;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.channel.RowChange;
import dev.tidewire.channel.SlowReaders;
import dev.tidewire.inspector.Explanation;
import dev.tidewire.inspector.Explanation.Delivery;
import dev.tidewire.inspector.Explanation.Step;
import dev.tidewire.inspector.Explanation.Verdict;
import dev.tidewire.rows.RowColumns;
import dev.tidewire.rows.RowFilter;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an {@link Explainer} found out, and what follows from it. Asks the application's policies,
 * which may block. Immutable, safe for any thread.
 *
 * @param columns those of the table, if they are needed and can be read
 */
record Findings(
    Sessions sessions, SoughtEvent sought, Explainer.Seen seen, @Nullable RowColumns columns) {

  private static final String NO_ACKNOWLEDGEMENT =
      "Clients do not acknowledge deliveries: whether the page received it cannot be told.";

  private String topic() {
    return sought.topic();
  }

  private Position position() {
    return sought.position();
  }

  Explanation explain(String who, List<ClientSession> clients) {
    Step captured = sought.captured();
    Verdict missing = sought.missing();
    if (missing != null || clients.isEmpty()) {
      Step authorised =
          clients.isEmpty()
              ? Step.unknown("Without a connection there is no identity to ask the policy about.")
              : Step.notReached();
      return new Explanation(
          topic(),
          position(),
          missing == null ? Verdict.NOT_CONNECTED : missing,
          missing == null
              ? "'"
                  + who
                  + "' has no connection to this node now, and of those that are gone nothing is"
                  + " noted."
              : captured.words(),
          captured,
          authorised,
          List.of());
    }
    List<Delivery> deliveries = clients.stream().map(this::delivery).toList();
    Delivery furthest =
        deliveries.stream()
            .reduce((a, b) -> a.verdict().compareTo(b.verdict()) >= 0 ? a : b)
            .orElseThrow();
    return new Explanation(
        topic(),
        position(),
        furthest.verdict(),
        words(furthest),
        captured,
        furthest.authorised(),
        deliveries);
  }

  /** The last step that says something. */
  private static String words(Delivery delivery) {
    for (Step step : new Step[] {delivery.sent(), delivery.queued()}) {
      if (step.answer() != Explanation.Answer.NOT_REACHED) {
        return step.words();
      }
    }
    return delivery.matched().words();
  }

  private Delivery delivery(ClientSession session) {
    Explainer.Evidence evidence = seen.subscriptions().get(session);
    Step authorised = authorised(session, evidence);
    if (evidence == null) {
      boolean opening = SessionState.of(session).subscriptions().containsKey(topic());
      return opening
          ? starting(session, authorised)
          : unmatched(
              session,
              Verdict.NOT_SUBSCRIBED,
              Step.no("The connection does not subscribe to '" + topic() + "' now."),
              authorised);
    }
    Position began = evidence.began();
    if (!evidence.started() || began == null) {
      return starting(session, authorised);
    }
    if (began.epoch().equals(position().epoch()) && position().offset() <= began.offset()) {
      return before(session, evidence, began, authorised);
    }
    Delivery unseen = unseen(session, evidence, authorised);
    return unseen != null ? unseen : delivered(session, evidence, began, authorised);
  }

  private Delivery starting(ClientSession session, Step authorised) {
    return unmatched(
        session,
        Verdict.STARTING,
        Step.unknown("The subscription is just being opened; what comes meanwhile is held back."),
        authorised);
  }

  private static Delivery unmatched(
      ClientSession session, Verdict verdict, Step matched, Step authorised) {
    return of(session, verdict, matched, authorised, Step.notReached(), Step.notReached());
  }

  private static Delivery of(
      ClientSession session,
      Verdict verdict,
      Step matched,
      Step authorised,
      Step queued,
      Step sent) {
    return new Delivery(Inspector.connection(session), verdict, matched, authorised, queued, sent);
  }

  /** The event is older than the subscription. */
  private Delivery before(
      ClientSession session, Explainer.Evidence evidence, Position began, Step authorised) {
    Position since = evidence.subscription().since();
    String begin = "The subscription began at " + began;
    if (since == null || !since.epoch().equals(position().epoch())) {
      RowRequest request = evidence.subscription().request();
      boolean rows = request != null && request.snapshot();
      return unmatched(
          session,
          Verdict.SUBSCRIBED_LATER,
          Step.no(
              begin
                  + ", after the event, and did not ask for what came before"
                  + (rows ? "; it was told the rows as they were there" : "")
                  + ". What an earlier subscription was told is not noted."),
          authorised);
    }
    if (position().offset() <= since.offset()) {
      return unmatched(
          session,
          Verdict.READ_BEFORE,
          Step.no(begin + "; its client said that it had read up to " + since + " already."),
          authorised);
    }
    if (!evidence.recovered()) {
      return unmatched(
          session,
          Verdict.SUBSCRIBED_LATER,
          Step.no(
              begin
                  + "; what it had missed since "
                  + since
                  + " could not be told any more, and it was told to load again (reset)."),
          authorised);
    }
    Delivery unseen = unseen(session, evidence, authorised);
    return unseen != null
        ? unseen
        : of(
            session,
            Verdict.RECOVERED,
            Step.yes(begin + " and asked for what it had missed since " + since + "."),
            authorised,
            Step.yes("It was told with the answer to the subscription."),
            Step.unknown("It was told with the answer to the subscription. " + NO_ACKNOWLEDGEMENT));
  }

  /** Why the subscription does not see an event that it covers; null if it does. */
  private @Nullable Delivery unseen(
      ClientSession session, Explainer.Evidence evidence, Step authorised) {
    RowScope scope = evidence.scope();
    Publication event = sought.event();
    if (event == null) {
      return scope == null
          ? null
          : unmatched(
              session,
              Verdict.EVICTED,
              Step.unknown(
                  "The subscription sees some rows only, and the event is no longer retained:"
                      + " whether its row was among them cannot be told."),
              authorised);
    }
    if (session.id().equals(event.exceptSession())) {
      return unmatched(
          session,
          Verdict.OWN,
          Step.no("This connection published it itself and asked for no copy (echo: false)."),
          authorised);
    }
    if (scope == null || scope.see(event.draft(), sessions.codec()) != null) {
      return null;
    }
    Set<String> own = SessionState.columns(where(evidence));
    if (!own.isEmpty() && columns == null) {
      return unmatched(
          session,
          Verdict.HIDDEN,
          Step.no(
              "The subscription's own condition or the row policy leaves it out; which of them"
                  + " cannot be told while the table's columns cannot be read."),
          authorised);
    }
    boolean hidden = own.isEmpty() || matchesOwn(evidence, event);
    return unmatched(
        session,
        hidden ? Verdict.HIDDEN : Verdict.FILTERED,
        Step.no(
            hidden
                ? "The row policy hides this row, or what changed in it, from the user."
                : "The subscription's own condition, on "
                    + String.join(", ", own)
                    + ", does not choose the row."),
        authorised);
  }

  private static dev.tidewire.rows.@Nullable Where where(Explainer.Evidence evidence) {
    RowRequest request = evidence.subscription().request();
    return request == null ? null : request.where();
  }

  /** Whether the client's own condition alone would choose the row. */
  private boolean matchesOwn(Explainer.Evidence evidence, Publication event) {
    var where = where(evidence);
    RowChange change = event.change();
    if (where == null || columns == null || change == null) {
      return false;
    }
    return RowFilter.narrow(change, RowFilter.of(where, columns)::matches) != null;
  }

  private Delivery delivered(
      ClientSession session, Explainer.Evidence evidence, Position began, Step authorised) {
    Step matched = Step.yes(matched(evidence, began));
    if (seen.isLost(position())) {
      return of(
          session,
          Verdict.LOST,
          matched,
          authorised,
          Step.unknown(
              "This node lost touch with the broker: it may have told a reset in its place."),
          Step.notReached());
    }
    if (!seen.isDelivered(position())) {
      return of(
          session,
          Verdict.ON_ITS_WAY,
          matched,
          authorised,
          Step.no("The broker has it; this node has not heard of it yet."),
          Step.notReached());
    }
    Waiting waiting = evidence.waiting();
    if (waiting.holds(topic(), position().toString())) {
      return of(
          session,
          Verdict.WAITING,
          matched,
          authorised,
          Step.yes("It is in the connection's queue."),
          Step.no(
              "It waits: the client takes what is sent to it too slowly. "
                  + waiting.bytes()
                  + " bytes wait in all."));
    }
    if (seen.slowReaders() != SlowReaders.DISCONNECT && isEvent()) {
      return of(
          session,
          Verdict.SENT_OR_LEFT_OUT,
          matched,
          authorised,
          Step.unknown(
              "Readers of this channel that are behind are left out what is out of date ("
                  + seen.slowReaders()
                  + "); what was left out is not noted."),
          Step.unknown("It was sent, or left out for a newer one. " + NO_ACKNOWLEDGEMENT));
    }
    Step queued = Step.yes("It was given to the connection.");
    return waiting.isSending(topic(), position().toString())
        ? of(
            session,
            Verdict.SENDING,
            matched,
            authorised,
            queued,
            Step.unknown(
                "It is in the message that is on its way: the connection has not said that it is"
                    + " out. "
                    + NO_ACKNOWLEDGEMENT))
        : of(
            session,
            Verdict.SENT,
            matched,
            authorised,
            queued,
            Step.yes("It was handed to the network. " + NO_ACKNOWLEDGEMENT));
  }

  private boolean isEvent() {
    Publication event = sought.event();
    return event == null || event.kind() == Draft.Kind.EVENT;
  }

  private String matched(Explainer.Evidence evidence, Position began) {
    RowScope scope = evidence.scope();
    Set<String> own = SessionState.columns(where(evidence));
    return "The subscription has been there since "
        + began
        + (scope == null
            ? " and sees everything."
            : " and sees this row, or its leaving"
                + (own.isEmpty() ? "" : " (own condition on " + String.join(", ", own) + ")")
                + (scope.view().equals(RowView.all()) ? "." : " (row policy)."));
  }

  /** What the policies answer now, whatever they answered when the subscription began. */
  private Step authorised(ClientSession session, Explainer.@Nullable Evidence evidence) {
    Identity who = session.identity();
    if (who == null) {
      return Step.unknown("The connection has not said yet who it is.");
    }
    boolean subscribes = evidence != null;
    if (!sessions.access().allows(who, topic(), Action.SUBSCRIBE)) {
      return Step.no(
          "The access policy says no now."
              + (subscribes
                  ? " It said yes when it was asked last, and the subscription lives on until"
                      + " Realtime.recheck or revoke."
                  : ""));
    }
    TableRows table = sessions.tables().get(topic());
    RowPolicy policy = table == null ? null : table.policy();
    if (policy == null || evidence == null) {
      return Step.yes("The access policy says yes now.");
    }
    RowView now;
    try {
      now = sessions.access().view(who, topic(), policy);
    } catch (Rejection e) {
      return Step.no("The access policy says yes now, but the row policy fails; see the log.");
    }
    RowRequest request = evidence.subscription().request();
    return now.equals(request == null ? RowView.all() : request.view())
        ? Step.yes("The access policy says yes now, and the row policy what it said before.")
        : Step.no(
            "The row policy answers otherwise now than when it was asked last; the subscription keeps"
                + " that answer until Realtime.recheck.");
  }
}
