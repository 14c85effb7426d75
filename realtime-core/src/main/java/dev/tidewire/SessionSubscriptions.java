package dev.tidewire;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.channel.Position;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Reply;
import dev.tidewire.rows.Where;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What one session subscribed to. Guarded by the session's lock, but for {@link #failed}, for which
 * the map is a concurrent one: whoever takes a subscription out of it, or replaces it, owns the
 * hold on the hub's channel.
 */
final class SessionSubscriptions {

  private final ClientSession session;
  private final Sessions server;
  private final Map<String, ClientSubscription> byTopic = new ConcurrentHashMap<>(4);

  /** Given up, and the client was not told so yet, for it may still be starting. */
  private final Map<String, ClientSubscription> leaving = new ConcurrentHashMap<>(1);

  SessionSubscriptions(ClientSession session, Sessions server) {
    this.session = session;
    this.server = server;
  }

  /** May be read by any thread. */
  Map<String, ClientSubscription> byTopic() {
    return Collections.unmodifiableMap(byTopic);
  }

  void subscribe(Identity who, Command.Subscribe command) {
    String topic = command.topic();
    server.access().require(who, topic, Action.SUBSCRIBE);
    if (command.count()) {
      server.access().requireCount(who, topic);
    }
    boolean asked = Boolean.TRUE.equals(command.presence());
    boolean wanted = wantsPresence(who, topic, command.presence());
    // A client that was here before may know members who have gone: it must hear of an empty state.
    boolean fresh = !asked && command.since() == null && !byTopic.containsKey(topic);
    join(
        new ClientSubscription(
            session,
            command.id(),
            topic,
            command.since(),
            wanted,
            fresh ? SubscribeAnswer.BRIEF : SubscribeAnswer.FULL,
            command.count(),
            rows(who, topic, command.where(), command.snapshot())));
  }

  /** What is asked of a table channel; null if that is all of its publications. */
  private @Nullable RowRequest rows(
      Identity who, String topic, @Nullable Where where, boolean snapshot) {
    TableRows table = server.tables().get(topic);
    if (table == null) {
      if (where != null || snapshot) {
        throw new Rejection(
            ErrorCode.BAD_REQUEST,
            "'where' and 'snapshot' are for tables, and '" + topic + "' is not one's channel");
      }
      return null;
    }
    RowView view =
        table.policy() == null ? RowView.all() : server.access().view(who, topic, table.policy());
    Where condition = Where.all().equals(where) ? null : where;
    return condition == null && !snapshot && view.equals(RowView.all())
        ? null
        : new RowRequest(table, condition, view, snapshot);
  }

  private boolean wantsPresence(Identity who, String topic, @Nullable Boolean asked) {
    if (Boolean.TRUE.equals(asked)) {
      server.access().require(who, topic, Action.PRESENCE_READ);
      return true;
    }
    return asked == null && server.access().allows(who, topic, Action.PRESENCE_READ);
  }

  /** Subscribes to what a stream tells of: to all, or, if one is refused, to nothing. */
  void stream(Identity who, StreamRequest request) {
    int max = server.limits().subscriptions();
    if (max > 0 && request.topics().size() > max) {
      server.limits().met(Limit.SUBSCRIPTIONS);
      throw new Rejection(ErrorCode.LIMIT_EXCEEDED, "at most " + max + " subscriptions");
    }
    List<ClientSubscription> wanted = new ArrayList<>();
    for (String topic : request.topics()) {
      server.access().require(who, topic, Action.SUBSCRIBE);
      server.admission().channel(topic);
      wanted.add(
          new ClientSubscription(
              session,
              null,
              topic,
              request.since(topic),
              wantsPresence(who, topic, request.presence()),
              SubscribeAnswer.STREAM,
              false,
              rows(who, topic, null, false)));
    }
    session.connected(request.topics());
    wanted.forEach(this::join);
  }

  private void join(ClientSubscription subscription) {
    String topic = subscription.topic();
    int max = server.limits().subscriptions();
    if (max > 0 && !byTopic.containsKey(topic) && byTopic.size() >= max) {
      server.limits().met(Limit.SUBSCRIPTIONS);
      throw new Rejection(ErrorCode.LIMIT_EXCEEDED, "at most " + max + " subscriptions");
    }
    server.admission().channel(topic);
    ClientSubscription replaced = byTopic.put(topic, subscription);
    ClientSubscription left = replaced == null ? leaving.get(topic) : null;
    if (left != null) {
      subscription.membership().comesAfter(left.membership());
    }
    server
        .hub()
        .subscribe(
            topic, subscription.membership(), replaced == null ? null : replaced.membership());
  }

  /** The hub could not start it. Called by a delivering thread, without the session's lock. */
  void failed(ClientSubscription subscription) {
    if (byTopic.remove(subscription.topic(), subscription)) {
      leave(subscription, () -> {});
    }
  }

  void unsubscribe(Command.Unsubscribe command) {
    ClientSubscription subscription = byTopic.remove(command.topic());
    if (subscription == null) {
      throw new Rejection(ErrorCode.NOT_SUBSCRIBED, "not subscribed to '" + command.topic() + "'");
    }
    leaving.put(command.topic(), subscription);
    leave(
        subscription,
        () -> {
          leaving.remove(command.topic(), subscription);
          session.acknowledge(new Reply.Done(), command.id());
        });
  }

  private void leave(ClientSubscription subscription, Runnable done) {
    server.hub().unsubscribe(subscription.topic(), subscription.membership(), done);
  }

  void sync(Identity who, Command.Sync command) {
    Position after = command.after();
    String topic = command.topic() == null ? topicOf(after.epoch()) : command.topic();
    ClientSubscription present = topic == null ? null : byTopic.get(topic);
    if (topic == null || present == null) {
      throw new Rejection(
          ErrorCode.NOT_SUBSCRIBED, "subscribe first: no subscription has this message");
    }
    server.access().require(who, topic, Action.SUBSCRIBE);
    join(
        new ClientSubscription(
            session,
            command.id(),
            topic,
            after,
            present.wantsPresence(),
            SubscribeAnswer.REPLAY,
            present.wantsCount(),
            rows(who, topic, present.request() == null ? null : present.request().where(), false)));
  }

  /** The subscribed channel whose stream has this epoch; with only one subscription, that one. */
  private @Nullable String topicOf(String epoch) {
    for (ClientSubscription subscription : byTopic.values()) {
      if (Objects.equals(subscription.epoch(), epoch)) {
        return subscription.topic();
      }
    }
    return byTopic.size() == 1 ? byTopic.keySet().iterator().next() : null;
  }

  /**
   * Asks for every subscription again. What is not allowed any more ends, what may see other rows
   * than before goes on with those.
   */
  void recheck(Identity who) {
    for (ClientSubscription subscription : List.copyOf(byTopic.values())) {
      String topic = subscription.topic();
      try {
        server.access().require(who, topic, Action.SUBSCRIBE);
        RowRequest rows = rows(who, topic, subscription.where(), false);
        boolean others = !view(rows).equals(view(subscription.request()));
        hidePresence(who, subscription);
        if (others || subscription.isSilent()) {
          subscription.silence();
          join(subscription.renewed(rows));
        }
      } catch (Rejection refusal) {
        withdraw(subscription, refusal.toReply());
      }
    }
  }

  private static RowView view(@Nullable RowRequest rows) {
    return rows == null ? RowView.all() : rows.view();
  }

  private void hidePresence(Identity who, ClientSubscription subscription) {
    String topic = subscription.topic();
    if (subscription.wantsCount() && !server.access().allowsCount(who, topic)) {
      subscription.hidePresence();
      session.reply(server.access().refuse(topic, Action.PRESENCE_COUNT).on(topic), null);
    }
    if (subscription.wantsPresence() && !server.access().allows(who, topic, Action.PRESENCE_READ)) {
      subscription.hidePresence();
      session.reply(server.access().refuse(topic, Action.PRESENCE_READ).on(topic), null);
    }
  }

  private void withdraw(ClientSubscription subscription, Reply.Failure why) {
    subscription.withdraw(why);
    if (byTopic.remove(subscription.topic(), subscription)) {
      leave(subscription, subscription::tellWithdrawn);
    }
  }

  /** What would be found not to be allowed any more is not delivered. Needs no lock. */
  void silence(Identity who) {
    for (ClientSubscription subscription : byTopic.values()) {
      String topic = subscription.topic();
      try {
        server.access().require(who, topic, Action.SUBSCRIBE);
        RowRequest rows = rows(who, topic, subscription.where(), false);
        if (!view(rows).equals(view(subscription.request()))) {
          subscription.silence();
        }
        hidePresence(who, subscription);
      } catch (Rejection refusal) {
        subscription.silence();
      }
    }
  }

  /** The session ended. */
  void leaveAll() {
    for (ClientSubscription subscription : List.copyOf(byTopic.values())) {
      if (byTopic.remove(subscription.topic(), subscription)) {
        leave(subscription, () -> {});
      }
    }
  }
}
