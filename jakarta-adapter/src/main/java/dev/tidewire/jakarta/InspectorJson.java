package dev.tidewire.jakarta;

import dev.tidewire.Statistics;
import dev.tidewire.channel.Position;
import dev.tidewire.inspector.ChannelDetail;
import dev.tidewire.inspector.ConnectionDetail;
import dev.tidewire.inspector.Explanation;
import dev.tidewire.inspector.Listing;
import dev.tidewire.inspector.LiveChannel;
import dev.tidewire.inspector.LiveConnection;
import dev.tidewire.inspector.LiveMember;
import dev.tidewire.inspector.LiveSubscription;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What the inspector tells, as JSON values. Field by field: what a value gets some day is not told
 * before somebody decides so. Stateless.
 */
final class InspectorJson {

  private InspectorJson() {}

  /** An object; fields that are null stay, so that every answer has the same. */
  private static Map<String, @Nullable Object> object(@Nullable Object... namesAndValues) {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      object.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
    }
    return object;
  }

  static Object of(Statistics statistics) {
    Statistics.Delivery delivery = statistics.delivery();
    Map<String, @Nullable Object> refused = new TreeMap<>();
    statistics
        .refusals()
        .forEach(
            (limit, times) -> {
              if (times > 0) {
                refused.put(word(limit), times);
              }
            });
    Map<String, @Nullable Object> transports = new TreeMap<>();
    statistics.connections().forEach((kind, number) -> transports.put(word(kind), number));
    return object(
        "at", System.currentTimeMillis(),
        "since", statistics.since().toEpochMilli(),
        "connections", statistics.connectionCount(),
        "byTransport", transports,
        "subscriptions", statistics.subscriptions(),
        "channels", statistics.channels(),
        "channelsInMemory", statistics.channelsInMemory(),
        "publications", statistics.publishing().accepted(),
        "deliveries", delivery.deliveries(),
        "messages", delivery.messages(),
        "bytes", delivery.bytes(),
        "waitingBytes", delivery.waitingBytes(),
        "longestQueueBytes", delivery.longestQueueBytes(),
        "slowReaders", delivery.slowReaders(),
        "refused", refused);
  }

  static <T> Object of(Listing<T> listing, Function<T, Object> item) {
    return object(
        "total", listing.total(),
        "matched", listing.matched(),
        "items", listing.items().stream().map(item).toList());
  }

  static Object of(LiveConnection connection) {
    return object(
        "id", connection.id(),
        "userId", connection.userId(),
        "guest", connection.guest(),
        "transport", word(connection.transport()),
        "address", connection.address(),
        "since", connection.since(),
        "heard", connection.heard(),
        "subscriptions", connection.subscriptions(),
        "queuedBytes", connection.queuedBytes(),
        "ending", connection.ending());
  }

  static Object of(ConnectionDetail detail) {
    return object(
        "connection", of(detail.connection()),
        "subscriptions", detail.subscriptions().stream().map(InspectorJson::of).toList());
  }

  private static Object of(LiveSubscription subscription) {
    return object(
        "topic", subscription.topic(),
        "where", subscription.where(),
        "restricted", subscription.restricted(),
        "presence", subscription.presence());
  }

  static Object of(LiveChannel channel) {
    return object(
        "topic", channel.topic(),
        "table", channel.table(),
        "subscribers", channel.subscribers(),
        "position", text(channel.position()),
        "perSecond", channel.perSecond());
  }

  static Object of(ChannelDetail detail) {
    LiveChannel channel = detail.channel();
    Listing<LiveMember> members = detail.members();
    return object(
        "channel", channel == null ? null : of(channel),
        "position", text(detail.position()),
        "retained", detail.retained(),
        "javaSubscribers", detail.javaSubscribers(),
        "classes", detail.classes(),
        "connections", detail.connections().stream().map(InspectorJson::of).toList(),
        "members", members == null ? null : of(members, InspectorJson::of));
  }

  private static Object of(LiveMember member) {
    return object(
        "userId", member.userId(),
        "online", member.online(),
        "connections", member.connections(),
        "since", member.since());
  }

  static Object of(Explanation explanation) {
    return object(
        "topic", explanation.topic(),
        "position", text(explanation.position()),
        "verdict", word(explanation.verdict()),
        "words", explanation.words(),
        "captured", of(explanation.captured()),
        "authorised", of(explanation.authorised()),
        "deliveries", explanation.deliveries().stream().map(InspectorJson::of).toList());
  }

  private static Object of(Explanation.Delivery delivery) {
    return object(
        "connection", of(delivery.connection()),
        "verdict", word(delivery.verdict()),
        "matched", of(delivery.matched()),
        "authorised", of(delivery.authorised()),
        "queued", of(delivery.queued()),
        "sent", of(delivery.sent()));
  }

  private static Object of(Explanation.Step step) {
    return object("answer", word(step.answer()), "words", step.words());
  }

  private static String word(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }

  private static @Nullable String text(@Nullable Position position) {
    return position == null ? null : position.toString();
  }
}
