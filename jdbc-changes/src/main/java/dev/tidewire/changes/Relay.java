package dev.tidewire.changes;

/** Publishes what stands in an outbox, in its order. Safe for any thread. */
interface Relay extends AutoCloseable {

  /** Where those who commit tell of it. */
  OutboxQueue queue();

  PublishedOrder order();

  CaptureCounters counters();

  /** Transactions in the outbox that are not published, as far as is known now. */
  long backlog();

  /** Publishes what is committed by now, for at most ten seconds. */
  @Override
  void close();
}
