package dev.tidewire.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The operations on a room in Redis, and on the nodes' signs of life, each one script: what goes
 * in, what comes out. Stages are completed by a connection's thread. Safe for any thread.
 */
final class RoomScripts {

  private static final Script TRACK = Script.of("room", "track");
  private static final Script UNTRACK = Script.of("room", "untrack");
  private static final Script BURY = Script.of("room", "bury");
  private static final Script LOOK = Script.of("room", "look");
  private static final Script MEMBERS = Script.of("room", "members");
  private static final Script COUNT = Script.of("room", "count");
  private static final Script BEAT = Script.of("beat");
  private static final Script FORGET = Script.of("forget");

  static final List<Script> ALL = List.of(TRACK, UNTRACK, BURY, LOOK, MEMBERS, COUNT, BEAT, FORGET);

  /** What the channels are called in which the nodes hear of differences. */
  static final String OUT = "who";

  /** A state of a room, by its number in one life of the room. */
  record Revision(String epoch, long number) {

    static final Revision UNKNOWN = new Revision("", 0);
  }

  /** How far a room is and which nodes have connections there. */
  record Look(Revision revision, List<String> nodes) {}

  /** The same, with everybody who is there. */
  record Members(Look look, PresenceState state) {}

  /** A difference and the life of the room that it belongs to. */
  record Told(String epoch, PresenceDiff diff) {}

  private final RedisLink link;
  private final RedisOptions options;
  private final JsonMapper json = JsonMapper.builder().build();
  private final SecureRandom random = new SecureRandom();

  RoomScripts(RedisLink link, RedisOptions options) {
    this.link = link;
    this.options = options;
  }

  CompletionStage<Revision> track(
      String topic, Revision known, String userId, Link connection, String node) {
    return run(
            TRACK,
            topic,
            known,
            userId,
            connection.id(),
            node,
            connection.data(),
            connection.status().name())
        .thenApply(RoomScripts::revision);
  }

  CompletionStage<Revision> untrack(
      String topic,
      Revision known,
      String userId,
      String connectionId,
      PresenceDiff.Reason reason) {
    return run(UNTRACK, topic, known, userId, connectionId, reason.name())
        .thenApply(RoomScripts::revision);
  }

  /** Takes out whatever a node has in the room. */
  CompletionStage<Revision> bury(
      String topic, Revision known, String node, PresenceDiff.Reason reason) {
    return run(BURY, topic, known, node, reason.name()).thenApply(RoomScripts::revision);
  }

  CompletionStage<Look> look(String topic, Revision known) {
    return run(LOOK, topic, known).thenApply(RoomScripts::look);
  }

  CompletionStage<Occupancy> count(String topic, Revision known) {
    return run(COUNT, topic, known)
        .thenApply(
            reply ->
                new Occupancy(
                    topic, revision(reply).number(), Integer.parseInt(text(reply.get(2)))));
  }

  /** The answer is yet to be decoded, by {@link #members}, which takes its time. */
  CompletionStage<List<Object>> read(String topic, Revision known) {
    return run(MEMBERS, topic, known);
  }

  Members members(String topic, List<Object> reply) {
    record Joined(long revision, Member member) {}
    List<?> stored = (List<?>) reply.get(3);
    List<Joined> members = new ArrayList<>(stored.size() / 2);
    for (int i = 0; i + 1 < stored.size(); i += 2) {
      JsonNode is = json.readTree((byte[]) stored.get(i + 1));
      members.add(new Joined(is.get("j").asLong(), member(text(stored.get(i)), is)));
    }
    members.sort(Comparator.comparingLong(Joined::revision));
    Look look = look(reply);
    return new Members(
        look,
        new PresenceState(
            topic, look.revision().number(), members.stream().map(Joined::member).toList()));
  }

  /** Reads a message to the nodes. */
  Told told(String topic, byte[] payload) {
    JsonNode fields = json.readTree(payload);
    String reason = fields.get(3).asString();
    return new Told(
        fields.get(0).asString(),
        new PresenceDiff(
            topic,
            fields.get(1).asLong(),
            PresenceDiff.Change.valueOf(fields.get(2).asString()),
            member(fields.get(4).asString(), fields.get(5)),
            reason.isEmpty() ? null : PresenceDiff.Reason.valueOf(reason)));
  }

  private static Member member(String userId, JsonNode is) {
    List<Link> links = new ArrayList<>();
    Status status = Status.AWAY;
    for (JsonNode each : is.get("l")) {
      Link link =
          new Link(
              each.get(0).asString(),
              each.get(2).asString(),
              Status.valueOf(each.get(3).asString()));
      links.add(link);
      status = link.status() == Status.ONLINE ? Status.ONLINE : status;
    }
    String data = links.get(links.size() - 1).data();
    return new Member(userId, data, status, List.copyOf(links), is.get("s").asLong());
  }

  /**
   * Gives a sign of life.
   *
   * @param signs how many the node has given
   * @return the signs of every node; null if this one was forgotten
   */
  CompletionStage<@Nullable Map<String, Long>> beat(String node, long signs) {
    return link.run(BEAT, List.of(nodes()), bytes(node), bytes(Long.toString(signs)))
        .thenApply(RoomScripts::signs);
  }

  private static @Nullable Map<String, Long> signs(List<Object> reply) {
    if (reply.isEmpty()) {
      return null;
    }
    Map<String, Long> signs = new LinkedHashMap<>();
    for (int i = 0; i + 1 < reply.size(); i += 2) {
      signs.put(text(reply.get(i)), Long.parseLong(text(reply.get(i + 1))));
    }
    return signs;
  }

  /**
   * Forgets a node if it has not given a sign since.
   *
   * @param signs how many it had given; null for however many
   * @return whether it is forgotten, by this call or before
   */
  CompletionStage<Boolean> forget(String node, @Nullable Long signs) {
    return link.run(
            FORGET, List.of(nodes()), bytes(node), bytes(signs == null ? "" : signs.toString()))
        .thenApply(reply -> text(reply.get(0)).equals("1"));
  }

  private String nodes() {
    return options.prefix() + ":nodes";
  }

  /** Where the nodes hear of a room's differences. */
  String channelOf(String topic) {
    return options.name(topic, OUT);
  }

  private CompletionStage<List<Object>> run(
      Script script, String topic, Revision known, String... arguments) {
    byte[][] all = new byte[5 + arguments.length][];
    all[0] = bytes(Long.toString(random.nextLong() >>> 12, Character.MAX_RADIX));
    all[1] = bytes(known.epoch());
    all[2] = bytes(Long.toString(known.number()));
    all[3] = bytes(channelOf(topic));
    all[4] = bytes(options.time());
    for (int i = 0; i < arguments.length; i++) {
      all[5 + i] = bytes(arguments[i]);
    }
    List<String> keys =
        List.of(
            options.name(topic, "room"),
            options.name(topic, "members"),
            options.name(topic, "nodes"));
    return link.run(script, keys, all);
  }

  private static Look look(List<Object> reply) {
    List<String> nodes = ((List<?>) reply.get(2)).stream().map(RoomScripts::text).toList();
    return new Look(revision(reply), nodes);
  }

  private static Revision revision(List<Object> reply) {
    return new Revision(text(reply.get(0)), Long.parseLong(text(reply.get(1))));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static String text(Object reply) {
    return new String((byte[]) reply, UTF_8);
  }
}
