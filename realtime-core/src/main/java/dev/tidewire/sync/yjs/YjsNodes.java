package dev.tidewire.sync.yjs;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.protocol.FrameCodec;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The streams over which rooms of several nodes tell each other what happens: one per open room.
 * Their names are no topics, so that no client and no application can name them.
 *
 * <p>Safe for any thread.
 */
public final class YjsNodes {

  private static final Logger log = LoggerFactory.getLogger(YjsNodes.class);

  /** No topic has this character. */
  private static final String CALLS = "~yjs";

  private static final String ROOMS = CALLS + '/';
  private static final String EVENT = "yjs";
  private static final int ID_LENGTH = 12;

  /** For a node that was cut off for a moment; after longer rooms compare what they have. */
  private static final ChannelOptions OPTIONS =
      ChannelOptions.DEFAULT.retain(100, Duration.ofSeconds(30)).keepHistory(0);

  private static final Broker.ReadLimit POSITION_ONLY = new Broker.ReadLimit(1, 1);

  /** Makes random names. */
  @FunctionalInterface
  public interface Names {
    String next(int characters);
  }

  private final ConcurrentHashMap<String, YjsRoom> rooms = new ConcurrentHashMap<>();
  private final Broker broker;
  private final FrameCodec codec;
  private final Names names;
  private final Clock clock;
  private final boolean isStoreShared;

  /** For the bus: over a broker that other nodes hear, too. */
  public YjsNodes(Broker broker, FrameCodec codec, YjsOptions options, Names names, Clock clock) {
    this.broker = broker;
    this.codec = codec;
    this.names = names;
    this.clock = clock;
    this.isStoreShared = options.store().isShared();
  }

  boolean isStoreShared() {
    return isStoreShared;
  }

  String newId() {
    return names.next(ID_LENGTH);
  }

  long now() {
    return clock.millis();
  }

  /** Names of rooms may be longer than those of channels, and have other characters. */
  static String topic(String room) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(room.getBytes(UTF_8));
      return ROOMS + Base64.getUrlEncoder().withoutPadding().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JVM has it
    }
  }

  /** Under the room's map entry, as {@link Broker#subscribe}: the room hears its stream. */
  void follow(String topic, YjsRoom room) {
    rooms.put(topic, room);
    broker.subscribe(topic);
  }

  /** Under the room's map entry: it is closed. */
  void ignore(String topic) {
    rooms.remove(topic);
    broker.unsubscribe(topic);
  }

  /** Completes when everything that is told from then on is heard. */
  CompletionStage<Tail> heard(String topic) {
    return YjsLog.call(() -> broker.read(topic, null, POSITION_ONLY));
  }

  CompletionStage<Broker.Appended> tell(String topic, byte[] bytes) {
    String data = '"' + Base64.getEncoder().encodeToString(bytes) + '"';
    Draft draft = codec.event(topic, EVENT, data, null, false, null);
    return YjsLog.call(() -> broker.append(draft, OPTIONS, null));
  }

  /** Asks nodes that keep a room, and have not opened it, to do so. */
  CompletionStage<Broker.Appended> call(String room) {
    return tell(CALLS, room.getBytes(UTF_8));
  }

  /** Hears such calls from now on, if every node has a store of its own. */
  void hearCalls() {
    if (!isStoreShared) {
      broker.subscribe(CALLS);
    }
  }

  private static byte[] bytes(Publication publication) {
    String data = publication.dataJson();
    return Base64.getDecoder().decode(data.substring(1, data.length() - 1));
  }

  /**
   * Takes the streams of rooms, under the broker's lock, and leaves all others to {@code others}.
   *
   * @param called hears of rooms that another node has opened
   */
  BrokerListener listener(BrokerListener others, Consumer<Supplier<String>> called) {
    return new BrokerListener() {
      @Override
      public void onPublication(Publication publication) {
        String topic = publication.topic();
        if (!topic.startsWith(CALLS)) {
          others.onPublication(publication);
          return;
        }
        if (topic.equals(CALLS)) {
          called.accept(() -> new String(bytes(publication), UTF_8));
          return;
        }
        YjsRoom room = rooms.get(topic);
        if (room != null) {
          room.hear(() -> bytes(publication));
        }
      }

      @Override
      public void onLost(String topic, Tail.Outcome why, Position position) {
        if (!topic.startsWith(CALLS)) {
          others.onLost(topic, why, position);
          return;
        }
        YjsRoom room = rooms.get(topic);
        if (room != null) {
          log.debug("Something that other nodes told of a room is lost: {}", why);
          room.lost();
        }
      }

      @Override
      public void onReady(String topic) {
        if (!topic.startsWith(CALLS)) {
          others.onReady(topic);
        }
      }
    };
  }
}
