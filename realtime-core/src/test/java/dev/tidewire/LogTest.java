package dev.tidewire;

import static dev.tidewire.Client.connect;
import static dev.tidewire.Client.eventually;
import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.channel.Position;
import dev.tidewire.metrics.RealtimeMetrics;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.FakeConnection.Sending;
import dev.tidewire.testing.LogLines;
import dev.tidewire.testing.ManualClock;
import dev.tidewire.testing.WrappedBroker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What is logged of a busy life, with everything that is secret in it. */
class LogTest {

  private static final String CANARY = "canary-7f3a";

  private final LogLines lines = new LogLines();
  private final ManualClock clock = new ManualClock();
  private final WrappedBroker broker = new WrappedBroker(clock);
  private final SteppedThreads threads = new SteppedThreads();
  private final List<FakeConnection> connections = new ArrayList<>();
  private Realtime realtime;

  @BeforeEach
  void open() {
    Realtime.Builder settings =
        Realtime.builder()
            .clock(clock)
            .broker(broker)
            .access(AccessPolicy.open())
            .channels("short", c -> c.retain(1, Duration.ofHours(1)))
            .limits(l -> l.queueBytes(600).userConnections(0).publicationBytes(1_000))
            .heartbeat(Duration.ZERO, Duration.ZERO)
            .tokens(
                token -> {
                  if (token.contains("refused")) {
                    throw new Rejection(ErrorCode.FORBIDDEN, "not you");
                  }
                  return token.contains("good") ? Identity.of("ada") : null;
                });
    settings.threads = () -> threads;
    realtime = settings.build();
  }

  @AfterEach
  void close() {
    realtime.close();
    lines.close();
  }

  private Client client(String user) {
    FakeConnection connection = new FakeConnection();
    connections.add(connection);
    return connect(realtime, user.isEmpty() ? null : Identity.of(user), connection);
  }

  private static String publish(String topic) {
    return "'type':'publish','persist':true,'topic':'"
        + topic
        + "','event':'e','key':'"
        + CANARY
        + "','data':{'text':'"
        + CANARY
        + "'}";
  }

  private void runAll() {
    while (threads.step(0)) {
      // what is left
    }
  }

  private void tick(Duration by) {
    clock.advance(by);
    threads.tick();
    runAll();
  }

  @Test
  void whatHappensIsLoggedUnderTheSameKeysAndNothingThatIsSecret() {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    RealtimeMetrics.of(realtime).bindTo(registry);
    tokens();
    payloads();
    Client slow = slowReader();
    Position gone = await(realtime.channel("short").publish("e", CANARY));
    await(realtime.channel("short").publish("e", CANARY));
    await(realtime.channel("short").publish("e", CANARY));
    Client back = client("bob");
    for (int i = 0; i < 3; i++) {
      back.acked("'type':'subscribe','topic':'short','since':'" + gone + "'");
    }
    realtime
        .channel("t")
        .on(
            "*",
            message -> {
              throw new IllegalStateException("the listener's own trouble");
            });
    runAll();
    await(realtime.channel("t").publish("e", CANARY));
    runAll();
    handshakeOf("192.0.2.9");
    brokerFails();
    realtime.drain(Duration.ofSeconds(1));
    tick(Duration.ofSeconds(1));
    tick(Duration.ofSeconds(1));

    String session = slow.session().id();
    assertThat(lines.of("reads too slowly"))
        .isEqualTo(Map.of("session", session, "reason", "too much waits"));
    assertThat(lines.of("limit QUEUE_BYTES was met")).isEqualTo(Map.of("limit", "QUEUE_BYTES"));
    assertThat(lines.of("has to load again"))
        .isEqualTo(
            Map.of(
                "session",
                back.session().id(),
                "channel",
                "short",
                "reason",
                "EVICTED",
                "more",
                "0"));
    assertThat(lines.count("has to load")).isOne();
    assertThat(lines.of("A Java subscriber of channel t failed")).isEqualTo(Map.of("channel", "t"));
    assertThat(lines.of("Address 192.0.2.9 has reached"))
        .isEqualTo(Map.of("address", "192.0.2.9", "limit", "ADDRESS_CONNECTIONS"));
    assertThat(lines.of("The broker cannot be reached")).isEqualTo(Map.of("part", "broker"));
    assertThat(lines.of("The broker can be reached again")).isEqualTo(Map.of("part", "broker"));
    assertThat(lines.of("Draining:")).containsEntry("seconds", "1").containsKey("connections");
    assertThat(lines.of("Drained:")).isEqualTo(Map.of("connections", "0"));
    assertThat(lines.of("Publish was refused")).isEqualTo(Map.of("more", "0"));

    assertThat(lines.everything()).doesNotContain(CANARY);
    assertThat(registry.getMetersAsString()).doesNotContain(CANARY);
    assertThat(connections)
        .allSatisfy(
            connection -> {
              FakeConnection.Closed closed = Objects.requireNonNull(connection.closed());
              assertThat(closed.reason()).doesNotContain(CANARY);
            });
    assertThat(String.join("", slow.connection().messages())).contains(CANARY); // it was there
  }

  private void tokens() {
    for (String token : List.of("good-", "bad-", "refused-")) {
      client("").tell("'type':'auth','token':'" + token + CANARY + "'");
    }
    client("").say("{'type':'auth','token':{'" + CANARY + "':1}}");
  }

  private void payloads() {
    Client ada = client("ada");
    ada.subscribed("t");
    ada.acked(publish("t"));
    ada.acked(publish("t")); // again, by its key
    ada.acked("'type':'track','topic':'t','data':{'name':'" + CANARY + "'}");
    ada.tell("'type':'track','topic':'t','data':'" + CANARY + "'");
    ada.tell("'type':'call','method':'none','data':'" + CANARY + "'");
    realtime.onCall(
        "fails",
        request -> {
          throw new IllegalStateException("the handler's own trouble");
        });
    ada.tell("'type':'call','method':'fails','data':'" + CANARY + "'");
    ada.refused("'type':'publish','topic':'t','event':'e','data':'" + CANARY.repeat(100) + "'");
    ada.say("{'type':'publish','data':'" + CANARY + "'");
    ada.say("{'type':'" + CANARY + "','data':'" + CANARY + "'}");
    ada.say(CANARY);
    Client abuser = client("eve");
    for (int i = 0; i < 12 && !abuser.isClosed(); i++) {
      abuser.say(CANARY);
    }
    assertThat(abuser.closeCode()).isEqualTo(4509);
    runAll();
  }

  private Client slowReader() {
    Client slow = client("slow");
    slow.subscribed("s");
    slow.connection().behave(Sending.STALL);
    for (int i = 0; i < 6; i++) {
      await(realtime.channel("s").publish("e", CANARY.repeat(10)));
    }
    assertThat(slow.closeCode()).isEqualTo(4008);
    return slow;
  }

  private void handshakeOf(String address) {
    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 300; i++) {
                realtime.admission().handshake(address);
              }
            })
        .isInstanceOf(Rejection.class);
  }

  private void brokerFails() {
    broker.reachable(false);
    broker.failWith(new RealtimeException("no answer", null));
    client("zoe").tell(publish("t"));
    tick(Duration.ofSeconds(1));
    broker.failWith(null);
    broker.reachable(true);
    tick(Duration.ofSeconds(1));
    eventually().until(() -> realtime.health().status() == Health.Status.UP);
  }
}
