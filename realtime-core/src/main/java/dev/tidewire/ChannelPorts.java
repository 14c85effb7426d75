package dev.tidewire;

import dev.tidewire.channel.Position;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.history.HistoryQuery;
import dev.tidewire.history.HistoryStore;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceState;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.protocol.FrameCodec;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the channels of server code reach of a bus. Safe for any thread. */
record ChannelPorts(
    Publisher publisher,
    Hub hub,
    FrameCodec codec,
    Threads threads,
    PresenceTracker tracker,
    HistoryStore store) {

  CompletionStage<Position> publish(
      String topic, String event, @Nullable Object data, PublishOptions options) {
    return publisher.publish(topic, event, codec.toJson(data), options);
  }

  Subscription subscribe(String topic, @Nullable String event, Consumer<Message> listener) {
    return LocalSubscription.open(hub, topic, event, listener, codec, threads.callbacks());
  }

  CompletionStage<PresenceState> presence(String topic) {
    return Backend.call("the presence tracker failed", () -> tracker.state(topic));
  }

  CompletionStage<Integer> occupancy(String topic) {
    return Backend.call("the presence tracker failed", () -> tracker.occupancy(topic))
        .thenApply(Occupancy::count);
  }

  CompletionStage<List<HistoryMessage>> history(HistoryQuery query) {
    return Backend.call("the history failed", () -> store.page(query));
  }
}
