package dev.tidewire.redis;

import dev.tidewire.RealtimeException;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceListener;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.redis.RoomScripts.Revision;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows who is present on any of the nodes that share a Redis, which of {@link
 * RedisBroker#presence} is made with the broker. The members of a node that dies leave after {@link
 * RedisOptions#nodeTimeout}. A node that was wrongly taken for dead, or whose Redis forgot
 * everything, puts its members back.
 *
 * <p>While Redis cannot be reached the stages fail, and what was wanted is done when it is back.
 *
 * <p>Safe for any thread. The listener is called by the connections' threads; stages are completed
 * by threads that may be blocked.
 */
public final class RedisPresenceTracker implements PresenceTracker {

  private static final Logger log = LoggerFactory.getLogger(RedisPresenceTracker.class);
  private static final Duration TICK = Duration.ofMillis(200);
  private static final long IDLE_NANOS = Duration.ofMinutes(1).toNanos();
  private static final Duration CLOSING = Duration.ofSeconds(1);

  private final RedisLink link;
  private final RedisOptions options;
  private final RedisThreads threads;
  private final RoomScripts scripts;
  private final LiveNodes nodes;
  private final ConcurrentHashMap<String, RedisRoom> rooms = new ConcurrentHashMap<>();

  /** Channels with subscribers on this node. */
  private final Set<String> watched = ConcurrentHashMap.newKeySet();

  private volatile @Nullable PresenceListener listener;
  private volatile boolean closed;

  RedisPresenceTracker(RedisLink link, RedisOptions options, RedisThreads threads) {
    this.link = link;
    this.options = options;
    this.threads = threads;
    scripts = new RoomScripts(link, options);
    nodes = new LiveNodes(scripts, threads, options.nodeTimeout(), this::begun, this::bury);
    link.hear(RoomScripts.OUT, new FromRedis());
  }

  @Override
  public void start(PresenceListener newListener) {
    listener = newListener;
    threads.execute(nodes::begin);
    threads.every(LiveNodes.interval(options.nodeTimeout()), this::beat);
    threads.every(TICK, this::tick);
  }

  private PresenceListener listener() {
    PresenceListener known = listener;
    if (known == null || closed) {
      throw new IllegalStateException("the tracker was not started, or is closed");
    }
    return known;
  }

  private boolean isRunning() {
    return listener != null && !closed;
  }

  @Override
  public void subscribe(String topic) {
    watched.add(topic);
  }

  @Override
  public void unsubscribe(String topic) {
    watched.remove(topic);
  }

  @Override
  public CompletionStage<Void> track(String topic, String userId, Member.Link connection) {
    PresenceListener to = listener();
    CompletableFuture<Void> answer = new CompletableFuture<>();
    rooms.compute(
        topic,
        (t, known) -> {
          RedisRoom room = known == null ? open(t, to) : known;
          room.want(userId, connection.id(), connection, PresenceDiff.Reason.LEFT, answer);
          return room;
        });
    act(topic);
    return answer;
  }

  @Override
  public CompletionStage<Void> untrack(
      String topic, String userId, String connectionId, PresenceDiff.Reason reason) {
    CompletableFuture<Void> answer = new CompletableFuture<>();
    RedisRoom room =
        rooms.computeIfPresent(
            topic,
            (t, known) -> {
              known.want(userId, connectionId, null, reason, answer);
              return known;
            });
    if (room == null) {
      return CompletableFuture.completedFuture(null); // nothing was ever tracked there
    }
    act(room);
    return answer;
  }

  @Override
  public CompletionStage<PresenceState> state(String topic) {
    PresenceListener to = listener();
    CompletableFuture<PresenceState> answer = new CompletableFuture<>();
    rooms.compute(
        topic,
        (t, known) -> {
          RedisRoom room = known == null ? open(t, to) : known;
          room.ask(answer);
          return room;
        });
    act(topic);
    return answer;
  }

  /** Counted in Redis where this node hears the room; else everybody is read once. */
  @Override
  public CompletionStage<Occupancy> occupancy(String topic) {
    RedisRoom room = rooms.get(topic);
    if (room == null || room.known().equals(Revision.UNKNOWN)) {
      return PresenceTracker.super.occupancy(topic);
    }
    return scripts.count(topic, room.known()).thenApplyAsync(it -> it, threads::answer);
  }

  /** Under the map entry, so that hearing a channel and leaving it follow each other. */
  private RedisRoom open(String topic, PresenceListener to) {
    link.subscribe(scripts.channelOf(topic));
    return new RedisRoom(topic, to);
  }

  private void act(String topic) {
    RedisRoom room = rooms.get(topic);
    if (room != null) {
      act(room);
    }
  }

  /** Does what a room wants, hands on what it told, and answers who waited for it. */
  private void act(RedisRoom room) {
    if (!link.isOpen()) {
      room.unreachable(unreachable());
    }
    long now = System.nanoTime();
    switch (room.question(now, options.checkInterval().toNanos())) {
      case NONE -> {}
      case LOOK -> look(room);
      case READ -> read(room);
    }
    String node = nodes.name();
    if (node != null) {
      room.orders(now).forEach(order -> carryOut(room, order, node));
    }
    if (room.takeHandover()) {
      threads.answer(() -> room.handOn(threads::answer));
    }
  }

  private static RealtimeException unreachable() {
    return new RealtimeException("Redis cannot be reached; presence follows when it is back", null);
  }

  private void look(RedisRoom room) {
    scripts
        .look(room.topic(), room.known())
        .whenComplete(
            (look, failure) -> {
              if (failure == null) {
                room.looked(look.revision(), System.nanoTime());
                look.nodes().forEach(nodes::met);
              } else {
                room.unanswered(failure, System.nanoTime());
              }
              act(room);
            });
  }

  private void read(RedisRoom room) {
    scripts
        .read(room.topic(), room.known())
        .whenComplete((reply, failure) -> threads.answer(() -> found(room, reply, failure)));
  }

  private void found(RedisRoom room, @Nullable List<Object> reply, @Nullable Throwable failure) {
    Throwable trouble = failure;
    if (reply != null) {
      try {
        RoomScripts.Members members = scripts.members(room.topic(), reply);
        room.read(members.state(), members.look().revision(), System.nanoTime());
        members.look().nodes().forEach(nodes::met);
      } catch (RuntimeException e) {
        Unreadable.log(log, "The members of channel {} cannot be read", room.topic(), e);
        trouble = new RealtimeException("the members of a channel cannot be read", null);
      }
    }
    if (trouble != null) {
      room.unanswered(trouble, System.nanoTime());
    }
    act(room);
  }

  private void carryOut(RedisRoom room, Wishes.Order order, String node) {
    Member.Link wanted = order.link();
    CompletionStage<Revision> sent =
        wanted == null
            ? scripts.untrack(
                room.topic(), room.known(), order.userId(), order.connectionId(), order.reason())
            : scripts.track(room.topic(), room.known(), order.userId(), wanted, node);
    sent.whenComplete(
        (revision, failure) -> {
          if (failure == null) {
            room.carriedOut(order, revision);
          } else {
            log.atDebug()
                .addKeyValue("channel", room.topic())
                .setCause(failure)
                .log("Presence is tried again");
            room.failed(order, failure);
          }
          act(room);
        });
  }

  /** On the timer: this node has a new name, under which it puts its members into all rooms. */
  private void begun() {
    for (RedisRoom room : rooms.values()) {
      room.again();
      act(room);
    }
  }

  /** A node is dead: what it has in the rooms of this node leaves. Another may do so as well. */
  private void bury(String node) {
    for (RedisRoom room : rooms.values()) {
      scripts
          .bury(room.topic(), room.known(), node, PresenceDiff.Reason.TIMEOUT)
          .whenComplete(
              (revision, failure) -> {
                if (failure != null) { // the next look will find the node there
                  log.atDebug()
                      .addKeyValue("channel", room.topic())
                      .setCause(failure)
                      .log("A dead node is still there");
                }
              });
    }
  }

  private void beat() {
    if (isRunning() && link.isOpen()) {
      nodes.beat();
    }
  }

  /** On the timer: what did not come by itself is asked for. */
  private void tick() {
    if (!isRunning()) {
      return;
    }
    long now = System.nanoTime();
    for (RedisRoom room : rooms.values()) {
      act(room);
      if (isIdle(room, now)) {
        forget(room, now);
      }
    }
  }

  private boolean isIdle(RedisRoom room, long now) {
    return !watched.contains(room.topic()) && room.isIdle(now, IDLE_NANOS);
  }

  private void forget(RedisRoom idle, long now) {
    rooms.computeIfPresent(
        idle.topic(),
        (t, room) -> {
          if (!isIdle(room, now)) {
            return room;
          }
          link.unsubscribe(scripts.channelOf(t));
          return null;
        });
  }

  /** This node's members leave; takes a second at most. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    String node = nodes.name();
    if (node != null && link.isOpen()) {
      CompletableFuture<?>[] steps =
          rooms.values().stream()
              .filter(RedisRoom::hasMembers)
              .map(
                  room ->
                      scripts
                          .bury(room.topic(), room.known(), node, PresenceDiff.Reason.LEFT)
                          .toCompletableFuture())
              .toArray(CompletableFuture<?>[]::new);
      await(CompletableFuture.allOf(steps).thenCompose(all -> scripts.forget(node, null)));
    }
    for (RedisRoom room : rooms.values()) {
      room.lost(new RealtimeException("the presence tracker is closed", null));
      link.unsubscribe(scripts.channelOf(room.topic()));
      if (room.takeHandover()) {
        room.handOn(threads::answer);
      }
    }
    rooms.clear();
  }

  private static void await(CompletableFuture<?> all) {
    try {
      all.get(CLOSING.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.atDebug()
          .addKeyValue("part", "presence")
          .setCause(e)
          .log("The other nodes will find this one dead");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What comes from Redis, on its connections' threads; openings and losses on the timer. */
  private final class FromRedis implements RedisLink.Listener {
    @Override
    public void opened() {
      if (isRunning()) {
        nodes.begin();
      }
    }

    @Override
    public void lost() {
      nodes.lost();
      for (RedisRoom room : rooms.values()) {
        room.lost(unreachable());
        act(room);
      }
    }

    @Override
    public void subscribed(String topic) {
      RedisRoom room =
          rooms.computeIfPresent( // not get: whoever makes the room may not have put it there yet
              topic,
              (t, known) -> {
                known.subscribed();
                return known;
              });
      if (room != null) {
        act(room);
      }
    }

    @Override
    public void message(String topic, byte[] payload) {
      RedisRoom room = rooms.get(topic);
      if (room == null) {
        return;
      }
      try {
        room.heard(scripts.told(topic, payload), System.nanoTime());
        act(room);
      } catch (RuntimeException e) {
        Unreadable.log(log, "A message about who is in {} cannot be read", topic, e);
      }
    }
  }
}
