package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.SlowReaders;
import dev.tidewire.inspector.Explanation;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Topics;
import dev.tidewire.rows.RowColumns;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Finds out afterwards what became of one event for one user, without anything having been noted
 * for each delivery.
 *
 * <p>What there is to go by: the broker's tail has the event; a task in the channel's drain, which
 * comes after the delivery of everything before it, sees where each subscription began and what
 * waits in its queue; and what a subscription does not see can be judged again, because its scope
 * never changes. An event after the beginning of a subscription that sees it, and not in the queue
 * any more, was sent: queues leave nothing out, but where the channel says so. Safe for any thread.
 */
final class Explainer {

  /** An event that lies further back in a tail is not looked for. */
  private static final Broker.ReadLimit DEPTH = new Broker.ReadLimit(10_000, 16 << 20);

  private final Sessions sessions;
  private final Hub hub;
  private final Broker broker;
  private final Executor callbacks;

  Explainer(Sessions sessions, Hub hub, Broker broker, Executor callbacks) {
    this.sessions = sessions;
    this.hub = hub;
    this.broker = broker;
    this.callbacks = callbacks;
  }

  CompletionStage<Explanation> explain(String who, @Nullable String topic, Position position) {
    String channel = topic == null ? topicOf(position.epoch()) : Topics.require(topic);
    if (channel == null) {
      return refused(
          ErrorCode.UNKNOWN_TOPIC,
          "nobody on this node follows a stream '" + position.epoch() + "': name the channel");
    }
    if (position.offset() == 0) {
      return refused(ErrorCode.BAD_REQUEST, "events are counted from 1");
    }
    if (!broker.hasRoomFor(channel)) {
      return refused(ErrorCode.LIMIT_EXCEEDED, "too many channels are in memory");
    }
    List<ClientSession> clients =
        sessions
            .live()
            .filter(session -> session.id().equals(who) || isOf(session.identity(), who))
            .sorted(Comparator.comparing(ClientSession::id))
            .limit(Explanation.MAX_DELIVERIES)
            .toList();
    Position before = new Position(position.epoch(), position.offset() - 1);
    return Backend.call("the broker failed", () -> broker.read(channel, before, DEPTH))
        .thenCompose(
            tail ->
                seen(channel, Set.copyOf(clients))
                    .thenCombine(
                        columns(channel),
                        (seen, columns) ->
                            new Findings(
                                sessions,
                                new SoughtEvent(channel, position, tail),
                                seen,
                                columns.orElse(null))))
        .thenApplyAsync(findings -> findings.explain(who, clients), callbacks);
  }

  private static boolean isOf(@Nullable Identity identity, String who) {
    return identity != null && identity.userId().equals(who);
  }

  private static CompletionStage<Explanation> refused(ErrorCode code, String message) {
    return CompletableFuture.failedStage(new Rejection(code, message));
  }

  private @Nullable String topicOf(String epoch) {
    return hub.channels()
        .filter(channel -> isIn(channel.newest(), epoch))
        .map(HubChannel::topic)
        .findFirst()
        .or(
            () ->
                sessions
                    .live()
                    .flatMap(session -> SessionState.of(session).subscriptions().values().stream())
                    .filter(subscription -> epoch.equals(subscription.epoch()))
                    .map(ClientSubscription::topic)
                    .findFirst())
        .orElse(null);
  }

  private static boolean isIn(@Nullable Position position, String epoch) {
    return position != null && position.epoch().equals(epoch);
  }

  /** The columns of a table; none if the channel is not one's, or they cannot be read now. */
  private CompletionStage<Optional<RowColumns>> columns(String topic) {
    TableRows table = sessions.tables().get(topic);
    return table == null
        ? CompletableFuture.completedFuture(Optional.empty())
        : Backend.call("the columns cannot be read", () -> table.source().columns())
            .thenApply(Optional::of)
            .exceptionally(failure -> Optional.empty());
  }

  private CompletionStage<Seen> seen(String topic, Set<ClientSession> clients) {
    HubChannel channel = hub.find(topic);
    if (channel == null) {
      return CompletableFuture.completedFuture(Seen.NOTHING);
    }
    CompletableFuture<Seen> seen = new CompletableFuture<>();
    channel.later(() -> seen.complete(Seen.of(channel, clients)));
    return seen;
  }

  /**
   * What the drain knows of a channel; of one that nobody here subscribes to nothing.
   *
   * @param newest the last publication that all its members were given
   * @param lost what was published up to here may not have been heard of
   */
  record Seen(
      Map<ClientSession, Evidence> subscriptions,
      @Nullable Position newest,
      @Nullable Position lost,
      SlowReaders slowReaders) {

    static final Seen NOTHING = new Seen(Map.of(), null, null, SlowReaders.DISCONNECT);

    /** In the drain. */
    static Seen of(HubChannel channel, Set<ClientSession> clients) {
      Map<ClientSession, Evidence> found = new HashMap<>();
      for (Membership member : channel.members()) {
        if (member.subscriber() instanceof ClientSubscription subscription
            && clients.contains(subscription.session())) {
          found.put(subscription.session(), Evidence.of(member, subscription));
        }
      }
      return new Seen(found, channel.newest(), channel.lost(), channel.slowReading().policy());
    }

    boolean isLost(Position position) {
      return lost != null
          && lost.epoch().equals(position.epoch())
          && lost.offset() >= position.offset();
    }

    boolean isDelivered(Position position) {
      return newest != null
          && (!newest.epoch().equals(position.epoch()) || newest.offset() >= position.offset());
    }
  }

  /**
   * What the drain knows of one subscription.
   *
   * @param began where it began, null if it has not yet
   * @param recovered whether it was told all that it missed since its position
   */
  record Evidence(
      ClientSubscription subscription,
      boolean started,
      @Nullable Position began,
      boolean recovered,
      @Nullable RowScope scope,
      Waiting waiting) {

    private static Evidence of(Membership member, ClientSubscription subscription) {
      RowClass rows = subscription.rowClass();
      return new Evidence(
          subscription,
          member.hasStarted(),
          subscription.begin(),
          subscription.recovered(),
          rows == null ? null : rows.scope(),
          SessionState.of(subscription.session()).queue().waiting(true));
    }
  }
}
