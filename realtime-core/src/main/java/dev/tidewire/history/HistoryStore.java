package dev.tidewire.history;

import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Keeps persisted messages. Safe for any thread; stages complete exceptionally when the backend
 * fails, and then the message is not to be reported as persisted.
 */
public interface HistoryStore extends AutoCloseable {

  /**
   * Stores a message; the stage completes when it survives what the store promises to survive. A
   * message whose position is there already is not stored again: a publisher that got no answer
   * repeats its publication.
   *
   * @param limit messages the channel keeps, 0 for none; older ones are dropped
   */
  CompletionStage<Void> append(HistoryMessage message, int limit);

  /**
   * One page: the newest messages that match, oldest of them first. Pages taken one after another,
   * each before the first message of the last one, neither lose nor repeat a message. A position
   * that the store does not know stands where its offset would be in its epoch; one of an unknown
   * epoch gives nothing.
   */
  CompletionStage<List<HistoryMessage>> page(HistoryQuery query);

  @Override
  void close();
}
