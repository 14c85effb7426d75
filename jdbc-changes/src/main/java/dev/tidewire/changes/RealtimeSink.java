package dev.tidewire.changes;

import dev.tidewire.Realtime;
import dev.tidewire.TableChannel;
import dev.tidewire.TableChannel.Past;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Publishes on the table channels of a {@link Realtime}. */
final class RealtimeSink implements ChangeSink {

  private final Map<String, TableChannel> channels;

  RealtimeSink(Realtime realtime, Collection<CapturedTable> tables, RowReader reader) {
    channels =
        tables.stream()
            .map(t -> realtime.tableChannel(t.topic(), reader.of(t), t.policy()))
            .collect(Collectors.toUnmodifiableMap(TableChannel::topic, Function.identity()));
  }

  @Override
  public CompletionStage<?> publish(RowChange change) {
    return channel(change.topic()).publish(change);
  }

  @Override
  public CompletionStage<?> reset(String topic) {
    return channel(topic).reset();
  }

  @Override
  public CompletionStage<Position> position(String topic) {
    return channel(topic).position();
  }

  @Override
  public void restore(String topic, Position last, List<Past> newest) {
    channel(topic).restore(last, newest);
  }

  private TableChannel channel(String topic) {
    return Objects.requireNonNull(channels.get(topic), topic);
  }
}
