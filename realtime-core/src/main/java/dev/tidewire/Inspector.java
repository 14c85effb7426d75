package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.inspector.ChannelDetail;
import dev.tidewire.inspector.ConnectionDetail;
import dev.tidewire.inspector.Explanation;
import dev.tidewire.inspector.Listing;
import dev.tidewire.inspector.LiveChannel;
import dev.tidewire.inspector.LiveConnection;
import dev.tidewire.inspector.LiveMember;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Topics;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Looks at a bus while it runs: who is connected to this node, which channels they use, and what
 * became of one event for one user. Tells no payload, token, presence state or value of a
 * condition.
 *
 * <p>Everything is read on the thread that asks, one connection or channel after the other, while
 * delivery goes on: numbers of different connections are of slightly different moments. A look at
 * all connections takes each queue's monitor for as long as it takes to read a number, and no other
 * lock; what of a channel only its drain knows is read by a task in that drain.
 *
 * <p>Safe for any thread.
 */
public final class Inspector {

  private static final Broker.ReadLimit NOTHING = new Broker.ReadLimit(0, 0);

  private final Sessions sessions;
  private final Hub hub;
  private final Broker broker;
  private final PresenceTracker presence;
  private final Executor callbacks;

  Inspector(Sessions sessions, Broker broker, ChannelPorts ports) {
    this.sessions = sessions;
    this.hub = ports.hub();
    this.broker = broker;
    this.presence = ports.tracker();
    this.callbacks = ports.threads().callbacks();
  }

  /**
   * For adapters: lets somebody in whom {@link AccessPolicy#canInspect} lets in.
   *
   * @param identity who asks, or null
   * @throws Rejection {@code UNAUTHORIZED} if nobody vouches for who asks, else {@code FORBIDDEN}
   */
  public void require(@Nullable Identity identity) {
    Identity who = sessions.orGuest(identity);
    if (who == null || (who.guest() && !sessions.access().canInspect(who))) {
      throw new Rejection(ErrorCode.UNAUTHORIZED, "log in to use the inspector");
    }
    if (!sessions.access().canInspect(who)) {
      throw new Rejection(
          ErrorCode.FORBIDDEN, "the inspector is for those whom AccessPolicy.canInspect lets in");
    }
  }

  static LiveConnection connection(ClientSession session) {
    return SessionState.of(session).connection(session.id(), session.identity());
  }

  /**
   * Live connections of this node.
   *
   * @param search part of a user id, connection id or address, in any case, or the whole name of a
   *     channel that is subscribed to; empty for all
   * @param limit how many, from 1 to {@link Listing#MAX}
   * @throws IllegalArgumentException for another limit
   */
  public Listing<LiveConnection> connections(String search, LiveConnection.Order order, int limit) {
    String part = search.toLowerCase(Locale.ROOT);
    Predicate<ClientSession> wanted =
        session ->
            part.isEmpty()
                || SessionState.of(session).subscriptions().containsKey(search)
                || contains(connection(session), part);
    List<LiveConnection> found = sessions.live().filter(wanted).map(Inspector::connection).toList();
    return listing(sessions.count(), found, order.comparator(), limit);
  }

  private static boolean contains(LiveConnection connection, String part) {
    return Stream.of(connection.id(), String.valueOf(connection.userId()), connection.address())
        .anyMatch(text -> text.toLowerCase(Locale.ROOT).contains(part));
  }

  private static <T> Listing<T> listing(int total, List<T> found, Comparator<T> order, int limit) {
    if (limit < 1 || limit > Listing.MAX) {
      throw new IllegalArgumentException("'limit' is 1 to " + Listing.MAX + ": " + limit);
    }
    return new Listing<>(
        Math.max(total, found.size()),
        found.size(),
        found.stream().sorted(order).limit(limit).toList());
  }

  /** One connection with its subscriptions; null if it is not here (any more). */
  public @Nullable ConnectionDetail connection(String id) {
    return sessions
        .live()
        .filter(session -> session.id().equals(id))
        .findFirst()
        .map(session -> new ConnectionDetail(connection(session), SessionState.of(session).live()))
        .orElse(null);
  }

  /**
   * Channels that somebody on this node subscribes to.
   *
   * @param search part of the name, in any case; empty for all
   * @param limit how many, from 1 to {@link Listing#MAX}
   * @throws IllegalArgumentException for another limit
   */
  public Listing<LiveChannel> channels(String search, LiveChannel.Order order, int limit) {
    String part = search.toLowerCase(Locale.ROOT);
    ChannelRates.Rates rates = hub.rates().at(sessions.now(), hub.channels());
    List<LiveChannel> found =
        hub.channels()
            .filter(channel -> channel.topic().toLowerCase(Locale.ROOT).contains(part))
            .map(channel -> channel(channel, rates))
            .toList();
    return listing(hub.channelCount(), found, order.comparator(), limit);
  }

  private LiveChannel channel(HubChannel channel, ChannelRates.Rates rates) {
    String topic = channel.topic();
    return new LiveChannel(
        topic,
        sessions.requests().isTable(topic),
        channel.memberCount(),
        channel.newest(),
        rates.of(topic));
  }

  /**
   * One channel with its subscribers on this node and its members on all.
   *
   * @return fails with {@link RealtimeException} if the broker cannot tell, with a {@link
   *     Rejection} if there is no room for a channel that nobody uses
   * @throws IllegalArgumentException if the name is no topic
   */
  public CompletionStage<ChannelDetail> channel(String topic) {
    Topics.require(topic);
    if (!broker.hasRoomFor(topic)) {
      return CompletableFuture.failedStage(
          new Rejection(ErrorCode.LIMIT_EXCEEDED, "too many channels are in memory"));
    }
    HubChannel here = hub.find(topic);
    CompletionStage<Subscribers> subscribers =
        here == null
            ? CompletableFuture.completedFuture(new Subscribers(0, 0, List.of()))
            : subscribers(here);
    CompletionStage<@Nullable Listing<LiveMember>> members =
        Backend.call("the presence tracker failed", () -> presence.state(topic))
            .<@Nullable Listing<LiveMember>>thenApply(Inspector::members)
            .exceptionally(failure -> null);
    return Backend.call("the broker failed", () -> broker.read(topic, null, NOTHING))
        .thenCombine(subscribers, (tail, known) -> detail(topic, here, tail, known))
        .thenCombine(members, ChannelDetail::with);
  }

  private ChannelDetail detail(
      String topic, @Nullable HubChannel here, Tail tail, Subscribers subscribers) {
    ChannelRates.Rates rates = hub.rates().at(sessions.now(), hub.channels());
    int retained = broker.retained(topic);
    return new ChannelDetail(
        here == null ? null : channel(here, rates),
        tail.position(),
        retained < 0 ? null : retained,
        subscribers.java(),
        subscribers.classes(),
        listing(0, subscribers.connections(), LiveConnection.Order.QUEUE.comparator(), Listing.MAX)
            .items(),
        null);
  }

  private static Listing<LiveMember> members(PresenceState state) {
    return new Listing<>(
        state.members().size(),
        state.members().size(),
        state.members().stream()
            .limit(Listing.MAX)
            .map(
                member ->
                    new LiveMember(
                        member.userId(),
                        member.status() == Member.Status.ONLINE,
                        member.connections().size(),
                        member.since()))
            .toList());
  }

  private record Subscribers(int java, int classes, List<LiveConnection> connections) {}

  /** Who subscribes is known to the drain alone; what they are like is looked at elsewhere. */
  private CompletionStage<Subscribers> subscribers(HubChannel channel) {
    CompletableFuture<List<Subscriber>> members = new CompletableFuture<>();
    int[] classes = new int[1];
    channel.later(
        () -> {
          classes[0] = channel.classCount();
          members.complete(channel.members().stream().map(Membership::subscriber).toList());
        });
    return members.thenApplyAsync(all -> subscribers(all, classes[0]), callbacks);
  }

  private static Subscribers subscribers(List<Subscriber> all, int classes) {
    List<LiveConnection> connections =
        all.stream()
            .filter(ClientSubscription.class::isInstance)
            .map(subscriber -> connection(((ClientSubscription) subscriber).session()))
            .toList();
    return new Subscribers(all.size() - connections.size(), classes, connections);
  }

  /**
   * Finds out what became of an event for a user or a connection of this node.
   *
   * <p>The policies are asked again, on a thread that they may block.
   *
   * @param who a user id or the id of a connection
   * @param topic the channel, or null for the one on this node whose stream has the position
   * @param position the event's place: its message id
   * @return fails with {@link RealtimeException} if the broker cannot tell, with a {@link
   *     Rejection} if the channel is not known or the position is none of an event
   * @throws IllegalArgumentException if the name is no topic
   */
  public CompletionStage<Explanation> explain(
      String who, @Nullable String topic, Position position) {
    return new Explainer(sessions, hub, broker, callbacks).explain(who, topic, position);
  }
}
