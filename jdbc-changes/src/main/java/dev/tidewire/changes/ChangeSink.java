package dev.tidewire.changes;

import dev.tidewire.channel.RowChange;
import java.util.concurrent.CompletionStage;

/** Where committed changes go, in order. Called from the publisher's thread only. */
interface ChangeSink {

  CompletionStage<?> publish(RowChange change);

  CompletionStage<?> reset(String topic);
}
