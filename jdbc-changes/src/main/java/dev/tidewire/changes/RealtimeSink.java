package dev.tidewire.changes;

import dev.tidewire.Realtime;
import dev.tidewire.TableChannel;
import dev.tidewire.TableChannel.Past;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.RowChange;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;

/** Publishes on the table channels of a {@link Realtime}. Safe for any thread. */
final class RealtimeSink implements ChangeSink {

  private final Realtime realtime;
  private final Map<String, TableChannel> channels = new ConcurrentHashMap<>();
  private final boolean shared;

  RealtimeSink(Realtime realtime, Collection<CapturedTable> tables, RowReader reader) {
    this.realtime = realtime;
    for (CapturedTable table : tables) {
      String topic = table.topic();
      channels.put(topic, realtime.tableChannel(topic, reader.of(table), table.policy()));
    }
    shared = channels.values().stream().noneMatch(TableChannel::isRestorable);
  }

  @Override
  public boolean isShared() {
    return shared;
  }

  @Override
  public CompletionStage<Position> publish(RowChange change, String key) {
    return channel(change.topic()).publish(change, key);
  }

  @Override
  public CompletionStage<Position> reset(String topic, String key) {
    return channel(topic).reset(key);
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

  /** Perhaps that of a table which only other nodes capture, while a new version is rolled out. */
  private TableChannel channel(String topic) {
    return channels.computeIfAbsent(topic, realtime::tableChannel);
  }
}
