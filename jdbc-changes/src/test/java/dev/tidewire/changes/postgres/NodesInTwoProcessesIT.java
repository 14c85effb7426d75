package dev.tidewire.changes.postgres;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.broker.SharedBrokerContract.Node;
import dev.tidewire.broker.Tail;
import dev.tidewire.changes.TestDatabase;
import dev.tidewire.channel.Position;
import dev.tidewire.testing.ChildJvm;
import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.Test;

/** Two buses on one PostgreSQL in two JVMs, of which one is killed. */
class NodesInTwoProcessesIT {

  private static final Pattern EVENT =
      Pattern.compile("\"id\":\"([0-9a-z]+\\.\\d+)\",\"type\":\"event\".*?\"data\":\"(\\w+)\"");

  private static PostgresBroker broker(String url, String prefix) {
    return PostgresBroker.on(PostgresServer.dataSource(url, "node"))
        .tables(prefix)
        .timeout(Duration.ofSeconds(30))
        .build();
  }

  private static Realtime node(PostgresBroker broker) {
    return Realtime.builder()
        .access(AccessPolicy.open())
        .limits(limits -> limits.recovery(0, 0).queueBytes(0))
        .channels("t", channel -> channel.retain(1_000_000, Duration.ofHours(1)))
        .broker(broker)
        .build();
  }

  private static ConditionFactory eventually() {
    return Awaitility.await().pollInterval(Duration.ofMillis(20)).atMost(Duration.ofSeconds(60));
  }

  /** A client's link that keeps what it is sent. */
  private static class Recorded implements Connection {
    final List<String> messages = new CopyOnWriteArrayList<>();

    @Override
    public void send(Frame frame, Completion completion) {
      messages.add(frame.text());
      completion.sent();
    }

    @Override
    public void close(int code, String reason) {}

    @Override
    public String remoteAddress() {
      return "";
    }

    /** The events so far, in the order they came. */
    List<Map.Entry<Position, String>> events() {
      List<Map.Entry<Position, String>> events = new ArrayList<>();
      for (String message : messages) {
        Matcher each = EVENT.matcher(message);
        while (each.find()) {
          events.add(Map.entry(Position.parse(each.group(1)), each.group(2)));
        }
      }
      return events;
    }

    boolean heard(String text) {
      return messages.stream().anyMatch(message -> message.contains(text));
    }
  }

  /**
   * The other JVM: one client that is present and says what it hears, one publisher that says what
   * is accepted.
   */
  static final class OtherNode {
    private OtherNode() {}

    public static void main(String[] arguments) throws Exception {
      Realtime realtime = node(broker(arguments[0], arguments[1]));
      Recorded client =
          new Recorded() {
            @Override
            public void send(Frame frame, Completion completion) {
              System.out.println("heard " + frame.text().replace('\n', ' '));
              System.out.flush();
              completion.sent();
            }
          };
      Session session = realtime.connect(client, Identity.of("there"));
      session.receive("{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\"}");
      session.receive("{\"id\":\"p\",\"type\":\"track\",\"topic\":\"t\",\"data\":{}}");
      for (int i = 0; i < 1_000_000; i++) {
        Position at =
            realtime
                .channel("t")
                .publish("e", "o" + i)
                .toCompletableFuture()
                .get(60, TimeUnit.SECONDS);
        System.out.println("acked " + at + " o" + i);
        System.out.flush();
      }
    }
  }

  @Test
  void theClientsOfAKilledNodeGoOnAtTheOtherAndItsMembersLeave() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    int killAfter = 100 + new Random(seed).nextInt(200);
    String url = TestDatabase.POSTGRES_17.url();
    String prefix = "k" + UUID.randomUUID().toString().substring(0, 8);
    Map<Position, String> acked = new ConcurrentHashMap<>();
    Recorded before = new Recorded();
    Recorded after = new Recorded();
    AtomicBoolean done = new AtomicBoolean();
    try (Realtime here = node(broker(url, prefix));
        Node reader = new Node(broker(url, prefix))) {
      Process there =
          ChildJvm.of(OtherNode.class, List.of("-XX:+UseSerialGC"), url, prefix)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      Thread listening = new Thread(() -> listen(there, before, acked), "test-listen");
      listening.start();
      Thread publisher =
          new Thread(
              () -> {
                for (int i = 0; !done.get(); i++) {
                  acked.put(await(here.channel("t").publish("e", "h" + i)), "h" + i);
                }
              },
              "test-publish");
      eventually().until(() -> before.heard("\"messageId\":\"s\""));
      publisher.start();
      eventually().until(() -> before.events().size() > killAfter);
      eventually().until(() -> members(here).contains("there"));

      there.destroyForcibly().waitFor();
      listening.join();
      List<Map.Entry<Position, String>> heard = before.events();
      Position last = heard.get(heard.size() - 1).getKey();
      int missing = acked.size();
      eventually().until(() -> acked.size() > missing + 50);
      Session session = here.connect(after, Identity.of("u"));
      session.receive(
          "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"t\",\"since\":\"" + last + "\"}");
      eventually().until(() -> after.heard("\"recovered\":true"));
      int size = after.events().size();
      eventually().until(() -> after.events().size() > size + 50);
      done.set(true);
      publisher.join();
      await(here.channel("t").publish("e", "last"));
      eventually().until(() -> after.heard("\"last\""));

      heard.addAll(after.events());
      Tail kept =
          await(
              reader.broker.read(
                  "t",
                  new Position(last.epoch(), heard.get(0).getKey().offset() - 1),
                  new ReadLimit(Integer.MAX_VALUE, Integer.MAX_VALUE)));
      Map<Position, String> truth = new ConcurrentHashMap<>();
      kept.publications().forEach(p -> truth.put(p.position(), p.dataJson().replace("\"", "")));
      assertThat(heard.stream().map(Map.Entry::getKey))
          .as("seed %s, killed after %s, resets %s", seed, last, resets(before, after))
          .isEqualTo(kept.publications().stream().map(p -> p.position()).toList());
      heard.forEach(event -> assertThat(event.getValue()).isEqualTo(truth.get(event.getKey())));
      Map<Long, String> lost = new TreeMap<>();
      acked.forEach(
          (at, data) -> {
            if (at.offset() >= heard.get(0).getKey().offset() && !data.equals(truth.get(at))) {
              lost.put(at.offset(), data);
            }
          });
      assertThat(lost).as("accepted, but not kept; seed %s", seed).isEmpty();
      eventually().until(() -> !members(here).contains("there"));
      System.out.printf(
          "seed %d: %d accepted, %d heard, %d of them at the killed node; lost, doubled: 0%n",
          seed, acked.size(), heard.size(), heard.size() - after.events().size());
    }
  }

  private static List<String> resets(Recorded... clients) {
    return Stream.of(clients)
        .flatMap(client -> client.messages.stream())
        .filter(message -> message.contains("reset") || message.contains("recovered"))
        .toList();
  }

  private static List<String> members(Realtime realtime) {
    return await(realtime.channel("t").presence()).members().stream().map(m -> m.userId()).toList();
  }

  private static void listen(Process process, Recorded heard, Map<Position, String> acked) {
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(process.getInputStream()))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        String[] words = line.split(" ", 3);
        if (words[0].equals("heard")) {
          heard.messages.add(line);
        } else if (words[0].equals("acked") && words.length == 3) {
          acked.put(Position.parse(words[1]), words[2]);
        }
      }
    } catch (IOException e) {
      // the process was killed in the middle of a line
    }
  }
}
