package dev.tidewire.redis;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.tidewire.broker.Broker.Appended;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.FrameIds;
import dev.tidewire.protocol.StoredDraft;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operations on a stream in Redis, each one script: what goes in, what comes out. Stages are
 * completed by a connection's thread. Safe for any thread.
 */
final class StreamScripts {

  private static final Logger log = LoggerFactory.getLogger(StreamScripts.class);
  private static final Script APPEND = Script.of("stream", "append");
  private static final Script READ = Script.of("stream", "read");
  private static final Script CHECK = Script.of("stream", "check");

  /** What the channels are called in which the nodes hear of publications. */
  static final String OUT = "out";

  static final List<Script> ALL = List.of(APPEND, READ, CHECK);

  private final RedisLink link;
  private final RedisOptions options;
  private final KnownPlaces places = new KnownPlaces();
  private final FrameCodec codec = new FrameCodec(new FrameIds("redis"), 1);
  private final SecureRandom random = new SecureRandom();

  StreamScripts(RedisLink link, RedisOptions options) {
    this.link = link;
    this.options = options;
  }

  /**
   * @param known up to where this node has heard the channel, or null
   */
  CompletionStage<Appended> append(
      Draft draft,
      ChannelOptions channel,
      @Nullable String idempotencyKey,
      @Nullable Position known) {
    String topic = draft.topic();
    List<String> keys = keys(topic);
    if (idempotencyKey != null) {
      keys.add(options.name(topic, "key:" + idempotencyKey));
    }
    return run(
            APPEND,
            keys,
            topic,
            known,
            ascii(options.time()),
            ascii(Integer.toString(channel.retainCount())),
            ascii(Long.toString(channel.retainFor().toMillis())),
            ascii(draft.persist() ? "1" : "0"),
            StoredDraft.head(draft),
            draft.body(),
            ascii(channelOf(topic)))
        .thenApply(
            reply -> {
              boolean isRepeated = reply.size() == 3;
              if (!isRepeated) {
                places.confirmed(topic, end(reply));
              }
              return new Appended(position(reply), number(reply.get(2)), isRepeated);
            });
  }

  /** Up to where this node knows its channels. */
  KnownPlaces places() {
    return places;
  }

  /** Asks how far the stream is, and keeps it. */
  CompletionStage<Position> check(String topic, @Nullable Position known) {
    return run(CHECK, keys(topic), topic, known)
        .thenApply(
            reply -> {
              places.confirmed(topic, end(reply));
              return position(reply);
            });
  }

  /**
   * Complete, or refused. Decoding takes its time, and is done by {@code decoding}.
   *
   * @param known up to where this node has heard the channel, if that is why it reads; else null
   */
  CompletionStage<Tail> read(
      String topic,
      @Nullable Position since,
      @Nullable Position known,
      ReadLimit limit,
      Executor decoding) {
    return run(
            READ,
            keys(topic),
            topic,
            known,
            ascii(options.time()),
            ascii(since == null ? "" : since.epoch()),
            ascii(since == null ? "0" : Long.toString(since.offset())),
            ascii(Integer.toString(limit.count())),
            ascii(Integer.toString(limit.bytes())))
        .thenApplyAsync(reply -> tail(topic, reply, limit), decoding);
  }

  private Tail tail(String topic, List<Object> reply, ReadLimit limit) {
    Position position = position(reply);
    Tail.Outcome outcome = Tail.Outcome.valueOf(text(reply.get(2)));
    List<Publication> found = new ArrayList<>(reply.size() / 3);
    long bytes = 0;
    try {
      for (int i = 3; i + 2 < reply.size(); i += 3) {
        Publication publication =
            kept(
                topic,
                position.epoch(),
                (byte[]) reply.get(i),
                (byte[]) reply.get(i + 1),
                (byte[]) reply.get(i + 2));
        found.add(publication);
        bytes += publication.frame().length;
      }
    } catch (IllegalArgumentException e) {
      Unreadable.log(
          log, "The tail of channel {} cannot be read; readers are told to reload", topic, e);
      return new Tail(position, Tail.Outcome.EVICTED, List.of());
    }
    if (bytes > limit.bytes()) {
      return new Tail(position, Tail.Outcome.EVICTED, List.of());
    }
    Collections.reverse(found);
    return new Tail(position, outcome, List.copyOf(found));
  }

  /** Reads an entry of the tail, whose id is {@code stamp-offset}. */
  private Publication kept(String topic, String epoch, byte[] id, byte[] head, byte[] body) {
    String text = text(id);
    int dash = text.indexOf('-');
    byte[] bytes = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, bytes, head.length, body.length);
    return StoredDraft.read(topic, bytes, 0, codec)
        .at(
            new Position(epoch, Long.parseLong(text.substring(dash + 1))),
            Long.parseLong(text.substring(0, dash)));
  }

  /**
   * Reads what the append script told the nodes: {@code epoch offset stamp before kept head body}.
   *
   * @return null if it contradicts what is known of the stream, so that Redis is to be asked
   */
  @Nullable Publication told(String topic, byte[] bytes) {
    int[] ends = new int[5];
    int at = 0;
    for (int i = 0; i < ends.length; i++) {
      while (at < bytes.length && bytes[at] != ' ') {
        at++;
      }
      ends[i] = at++;
    }
    if (at > bytes.length) {
      throw new IllegalArgumentException("a publication without a head");
    }
    Position position =
        new Position(ascii(bytes, 0, ends[0]), Long.parseLong(ascii(bytes, ends[0] + 1, ends[1])));
    long stamp = Long.parseLong(ascii(bytes, ends[1] + 1, ends[2]));
    long before = Long.parseLong(ascii(bytes, ends[2] + 1, ends[3]));
    int kept = Integer.parseInt(ascii(bytes, ends[3] + 1, ends[4]));
    if (!places.told(topic, new KnownPlaces.Place(position, stamp, kept), before)) {
      return null;
    }
    return StoredDraft.read(topic, bytes, at, codec).at(position, stamp);
  }

  private List<String> keys(String topic) {
    List<String> keys = new ArrayList<>(3);
    keys.add(options.name(topic, "state"));
    keys.add(options.name(topic, "tail"));
    return keys;
  }

  /** Where the nodes hear of a channel's publications. */
  String channelOf(String topic) {
    return options.name(topic, OUT);
  }

  private String freshEpoch() {
    return Long.toString(random.nextLong() >>> 12, Character.MAX_RADIX);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(ISO_8859_1);
  }

  private static String ascii(byte[] bytes, int from, int to) {
    return new String(bytes, from, to - from, ISO_8859_1);
  }

  private static String text(Object reply) {
    return new String((byte[]) reply, ISO_8859_1);
  }

  private static Position position(List<Object> reply) {
    return new Position(text(reply.get(0)), Long.parseLong(text(reply.get(1))));
  }

  /** What a script answers that compared what was known: {@code epoch offset stamp kept}. */
  private static KnownPlaces.Place end(List<Object> reply) {
    return new KnownPlaces.Place(position(reply), number(reply.get(2)), (int) number(reply.get(3)));
  }

  private static long number(Object reply) {
    return Long.parseLong(text(reply));
  }

  /** Runs a script with what it compares, and its own arguments after that. */
  private CompletionStage<List<Object>> run(
      Script script, List<String> keys, String topic, @Nullable Position known, byte[]... own) {
    KnownPlaces.Place place = places.at(topic, known);
    Position at = place == null ? known : place.position();
    byte[][] all = new byte[4 + own.length][];
    all[0] = ascii(freshEpoch());
    all[1] = ascii(at == null ? "" : at.epoch());
    all[2] = ascii(at == null ? "0" : Long.toString(at.offset()));
    all[3] = ascii(place == null ? "" : Long.toString(place.stamp()));
    System.arraycopy(own, 0, all, 4, own.length);
    return link.run(script, keys, all);
  }
}
