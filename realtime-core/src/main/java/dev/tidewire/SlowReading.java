package dev.tidewire;

import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.channel.SlowReaders;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What readers of a channel may miss that are behind. Publications are marked once, before they are
 * encoded for all; whether one is left out for a reader is decided where it would wait for it.
 * Immutable, safe for any thread.
 *
 * @param key what {@link SlowReaders#CONFLATE} goes by; null for event and publisher
 */
record SlowReading(SlowReaders policy, @Nullable Function<Publication, @Nullable String> key) {

  private static final Logger log = LoggerFactory.getLogger(SlowReading.class);
  private static final SlowReading NOTHING = new SlowReading(SlowReaders.DISCONNECT, null);

  static SlowReading of(ChannelOptions options) {
    return options.slowReaders() == SlowReaders.DISCONNECT
        ? NOTHING
        : new SlowReading(options.slowReaders(), options.conflationKey());
  }

  /** Publications as they are delivered. */
  List<Publication> of(List<Publication> publications) {
    return policy == SlowReaders.DISCONNECT
        ? publications
        : publications.stream().map(this::mark).toList();
  }

  /** What was missed as it is told: of each key only the newest. */
  Tail of(Tail tail) {
    if (policy == SlowReaders.DISCONNECT || tail.publications().isEmpty()) {
      return tail;
    }
    List<Publication> newest = new ArrayList<>();
    Set<String> told = new HashSet<>();
    List<Publication> all = of(tail.publications());
    for (int i = all.size() - 1; i >= 0; i--) {
      String known = all.get(i).conflationKey();
      if (known == null || told.add(known)) {
        newest.add(all.get(i));
      }
    }
    Collections.reverse(newest);
    return new Tail(tail.position(), tail.outcome(), newest);
  }

  private Publication mark(Publication publication) {
    if (publication.kind() != Draft.Kind.EVENT) {
      return publication; // a table's: whatever the channel's options say
    }
    if (policy == SlowReaders.DROP) {
      return publication.among(true, null);
    }
    String found = keyOf(publication);
    return publication.among(found != null, found);
  }

  private @Nullable String keyOf(Publication publication) {
    String topic = publication.topic();
    if (key == null) {
      return topic + '\n' + publication.event() + '\n' + publication.userId();
    }
    try {
      String own = key.apply(publication);
      return own == null ? null : topic + '\n' + own;
    } catch (RuntimeException e) {
      log.atError()
          .addKeyValue("channel", topic)
          .setCause(e)
          .log("The conflation key of channel {} failed; nothing is left out", topic);
      return null;
    }
  }

  /** What a publisher that gets no copy is told to count as read; see {@link Publication#among}. */
  @Nullable Position beforeOwn(Position own) {
    return policy == SlowReaders.DISCONNECT ? null : new Position(own.epoch(), 0);
  }
}
