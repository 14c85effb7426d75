package dev.tidewire.redis;

import static org.assertj.core.api.Assertions.assertThat;

import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** A cluster of the tests' own: three masters that share the slots, and replicas on demand. */
final class RedisCluster implements AutoCloseable {

  private static final String[] SETTINGS = {
    "--cluster-enabled", "yes",
    "--cluster-require-full-coverage", "no",
    "--cluster-replica-validity-factor", "0",
    "--appendonly", "yes",
    "--appendfsync", "always" // what was accepted outlives the process
  };
  private static final Pattern OFFSET = Pattern.compile("master_repl_offset:(\\d+)");

  private final Function<String[], RedisProcess> starter;
  private final List<RedisProcess> masters = new ArrayList<>();
  private final List<RedisProcess> others = new ArrayList<>();

  /**
   * @param starter starts a server with these settings
   */
  RedisCluster(Function<String[], RedisProcess> starter) {
    this.starter = starter;
    for (int i = 0; i < 3; i++) {
      masters.add(starter.apply(SETTINGS));
    }
    for (int i = 0; i < 3; i++) {
      String slots =
          IntStream.range(SlotHash.SLOT_COUNT * i / 3, SlotHash.SLOT_COUNT * (i + 1) / 3)
              .mapToObj(Integer::toString)
              .collect(Collectors.joining(" "));
      assertThat(masters.get(i).say("CLUSTER ADDSLOTS " + slots)).startsWith("+OK");
      for (RedisProcess other : masters.subList(0, i)) {
        masters.get(i).say("CLUSTER MEET 127.0.0.1 " + other.port());
      }
    }
    masters.forEach(master -> eventually().until(() -> knows(master, 3)));
  }

  private static boolean knows(RedisProcess server, int servers) {
    String info = server.say("CLUSTER INFO");
    return info.contains("cluster_state:ok")
        && info.contains("cluster_slots_ok:" + SlotHash.SLOT_COUNT)
        && info.contains("cluster_known_nodes:" + servers);
  }

  static ConditionFactory eventually() {
    return Awaitility.await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(50))
        .atMost(Duration.ofSeconds(60));
  }

  String uri() {
    return masters.stream()
        .map(master -> "127.0.0.1:" + master.port())
        .collect(Collectors.joining(",", "redis-cluster://", ""));
  }

  /** In the order of their slots, as they were at the beginning. */
  RedisProcess master(int index) {
    return masters.get(index);
  }

  List<RedisProcess> masters() {
    return List.copyOf(masters);
  }

  /** Which of the masters had the topic at the beginning. */
  static int indexOf(String topic) {
    return SlotHash.getSlot("{" + topic + "}") * 3 / SlotHash.SLOT_COUNT;
  }

  static String idOf(RedisProcess server) {
    return server.say("CLUSTER MYID").split("\r\n")[1];
  }

  /** One more server that has what the master has. */
  RedisProcess replicaOf(RedisProcess master) {
    RedisProcess replica = starter.apply(SETTINGS);
    others.add(replica);
    for (RedisProcess other : masters) {
      replica.say("CLUSTER MEET 127.0.0.1 " + other.port());
    }
    masters.forEach(other -> eventually().until(() -> knows(other, 3 + others.size())));
    eventually().until(() -> replica.say("CLUSTER REPLICATE " + idOf(master)).startsWith("+OK"));
    eventually().until(() -> replica.say("INFO replication").contains("master_link_status:up"));
    eventually().until(() -> replication(replica) >= replication(master));
    return replica;
  }

  private static long replication(RedisProcess server) {
    Matcher found = OFFSET.matcher(server.say("INFO replication"));
    assertThat(found.find()).isTrue();
    return Long.parseLong(found.group(1));
  }

  /** Servers that are silent for so long are replaced. */
  void patience(Duration silence) {
    for (RedisProcess server : servers()) {
      server.say("CONFIG SET cluster-node-timeout " + silence.toMillis());
    }
  }

  /** Hands a slot over, with all that is in it. */
  void move(int slot, RedisProcess from, RedisProcess to) {
    ok(to.say("CLUSTER SETSLOT " + slot + " IMPORTING " + idOf(from)));
    ok(from.say("CLUSTER SETSLOT " + slot + " MIGRATING " + idOf(to)));
    String found = from.say("CLUSTER GETKEYSINSLOT " + slot + " 100");
    String keys =
        Arrays.stream(found.split("\r\n"))
            .filter(line -> !line.startsWith("*") && !line.startsWith("$"))
            .collect(Collectors.joining(" "));
    if (!keys.isEmpty()) {
      ok(from.say("MIGRATE 127.0.0.1 " + to.port() + " \"\" 0 10000 KEYS " + keys));
    }
    for (RedisProcess server : List.of(to, from, masters.get(0), masters.get(1), masters.get(2))) {
      ok(server.say("CLUSTER SETSLOT " + slot + " NODE " + idOf(to)));
    }
  }

  private static void ok(String answer) {
    assertThat(answer).startsWith("+OK");
  }

  private List<RedisProcess> servers() {
    List<RedisProcess> all = new ArrayList<>(masters);
    all.addAll(others);
    return all;
  }

  @Override
  public void close() {
    servers().forEach(RedisProcess::close);
  }
}
