package dev.tidewire;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.MemoryBroker;
import dev.tidewire.channel.Position;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class HistoryTest {

  /** Publishes with the given steps of the clock in between; a large one ends the stream's life. */
  private static List<String> publish(
      Realtime realtime, Broker broker, ManualClock clock, List<Integer> steps) {
    List<String> ids = new ArrayList<>();
    for (int i = 0; i < steps.size(); i++) {
      int step = steps.get(i);
      if (step > 40) {
        clock.advance(Duration.ofDays(1));
        broker.housekeep();
        clock.advance(Duration.ofDays(-1));
      } else if (step > 30) {
        clock.advance(Duration.ofMillis(-1)); // put right
      } else if (step > 20) {
        clock.advance(Duration.ofMillis(step));
      } // else the same reading
      boolean persist = step % 4 != 0;
      PublishOptions options = persist ? PublishOptions.persisted() : PublishOptions.NONE;
      Position position = await(realtime.channel("t").publish("e", i, options));
      if (persist) {
        ids.add(position.toString());
      }
    }
    return ids;
  }

  private static List<String> paged(Client client, int size, String before) {
    List<String> all = new ArrayList<>();
    JsonNode page = page(client, size, "");
    while (!page.isEmpty()) {
      List<String> ids = new ArrayList<>();
      page.forEach(m -> ids.add(m.get("id").asString()));
      assertThat(ids).hasSizeLessThanOrEqualTo(size);
      all.addAll(0, ids);
      JsonNode cursor = page.get(0).get(before);
      page =
          page(
              client,
              size,
              ",'before':" + (cursor.isNumber() ? cursor : "'" + cursor.asString() + "'"));
    }
    return all;
  }

  private static JsonNode page(Client client, int size, String rest) {
    return client.acked("'type':'history','topic':'t','limit':" + size + rest).get("messages");
  }

  @Property(tries = 150)
  void pagingByIdOrByTimeNeitherLosesNorRepeats(
      @ForAll @Size(max = 30) List<@IntRange(min = 0, max = 45) Integer> steps,
      @ForAll @IntRange(min = 1, max = 7) int size) {
    ManualClock clock = new ManualClock();
    AtomicInteger epochs = new AtomicInteger();
    Broker broker =
        new MemoryBroker(clock, () -> "e" + epochs.incrementAndGet(), Duration.ofHours(1));
    try (Realtime realtime =
        Realtime.builder()
            .clock(clock)
            .broker(broker)
            .access(AccessPolicy.open())
            .limits(l -> l.frames(0, 0))
            .heartbeat(Duration.ZERO, Duration.ZERO)
            .channels("t", c -> c.retain(0, Duration.ZERO))
            .build()) {
      List<String> published = publish(realtime, broker, clock, steps);
      Client client = Client.connect(realtime, "ada");

      assertThat(paged(client, size, "id")).isEqualTo(published);
      assertThat(paged(client, size, "created_at")).isEqualTo(published);
    }
  }

  @Test
  void aPageIsOldestFirstAndTheNewestPageComesFirst() {
    try (Realtime realtime = Realtime.builder().access(AccessPolicy.open()).build()) {
      List<Position> positions = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        positions.add(
            await(realtime.channel("t").publish("e", i, PublishOptions.persisted().as("ada"))));
      }
      await(realtime.channel("t").publish("e", "not persisted"));

      List<HistoryMessage> page = await(realtime.channel("t").history(2));
      List<HistoryMessage> before = await(realtime.channel("t").history(2, positions.get(3)));

      assertThat(page).extracting(HistoryMessage::data).containsExactly("3", "4");
      assertThat(before).extracting(HistoryMessage::data).containsExactly("1", "2");
      assertThat(page).allMatch(m -> "ada".equals(m.userId()) && m.topic().equals("t"));
      JsonNode told = page(Client.connect(realtime, "bob"), 2, "");
      assertThat(told.get(1).get("id").asString()).isEqualTo(positions.get(4).toString());
    }
  }

  @Test
  void fiftyAreTheDefaultAndAChannelKeepsNoMoreThanItIsTold() {
    try (Realtime realtime =
        Realtime.builder()
            .access(AccessPolicy.open())
            .channels("few", c -> c.keepHistory(3))
            .channels("none", c -> c.keepHistory(0))
            .build()) {
      for (int i = 0; i < 60; i++) {
        for (String topic : List.of("t", "few", "none")) {
          await(realtime.channel(topic).publish("e", i, PublishOptions.persisted()));
        }
      }
      Client ada = Client.connect(realtime, "ada");

      assertThat(ada.acked("'type':'history','topic':'t'").get("messages")).hasSize(50);
      assertThat(ada.acked("'type':'history','topic':'few'").get("messages")).hasSize(3);
      assertThat(ada.acked("'type':'history','topic':'none'").get("messages")).isEmpty();
    }
  }
}
