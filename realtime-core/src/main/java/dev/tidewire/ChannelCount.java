package dev.tidewire;

import dev.tidewire.presence.Occupancy;
import dev.tidewire.transport.Frame;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * When the subscribers of a channel that only want the number of its members are told it: when it
 * may have changed, at most four times a second, and as long as nothing changes there is no timer.
 * The tracker is asked for it, once for all of them. Confined to the thread that drains the
 * channel.
 */
final class ChannelCount {

  private static final Logger log = LoggerFactory.getLogger(ChannelCount.class);
  private static final Duration TICK = Duration.ofMillis(250);

  /** Where numbers come from, and their frames. */
  interface Source {

    CompletionStage<Occupancy> occupancy(String topic);

    Frame count(Occupancy occupancy);
  }

  private final String topic;
  private final Source source;
  private final BiConsumer<Duration, Runnable> afterwards;
  private final Consumer<Runnable> inDrain;
  private boolean ticking;
  private boolean changed;

  /**
   * @param afterwards runs a task in the drain after a time
   * @param inDrain runs a task in the drain
   */
  ChannelCount(
      String topic,
      Source source,
      BiConsumer<Duration, Runnable> afterwards,
      Consumer<Runnable> inDrain) {
    this.topic = topic;
    this.source = source;
    this.afterwards = afterwards;
    this.inDrain = inDrain;
  }

  /** Somebody came or went. */
  void changed(BiConsumer<Occupancy, Frame> delivery) {
    if (ticking) {
      changed = true;
      return;
    }
    ticking = true;
    ask(delivery);
    afterwards.accept(
        TICK,
        () -> {
          ticking = false;
          if (changed) {
            changed = false;
            changed(delivery);
          }
        });
  }

  /** Asks for the number and delivers it, in the drain. */
  void ask(BiConsumer<Occupancy, Frame> delivery) {
    source
        .occupancy(topic)
        .whenComplete(
            (occupancy, failure) -> {
              if (occupancy == null) {
                log.atWarn()
                    .addKeyValue("channel", topic)
                    .setCause(failure)
                    .log("The members of channel {} cannot be counted", topic);
              } else {
                inDrain.accept(() -> delivery.accept(occupancy, source.count(occupancy)));
              }
            });
  }
}
