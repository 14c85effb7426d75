package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Position;
import dev.tidewire.testing.Drafts;
import dev.tidewire.transport.Frame;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class BacklogTest {

  private static final int PADDING = 100;

  private final Backlog backlog = new Backlog(100_000);
  private int offset;

  private Frame expendable(@Nullable String key, String data) {
    return Frames.of(Drafts.event("t", data).at(new Position("a", ++offset), 0).among(true, key));
  }

  private static Frame ordinary(String text) {
    return Frame.of("\"" + text + "\"");
  }

  /** What the client gets, each frame's data. */
  private List<String> all() {
    List<String> all = new ArrayList<>();
    for (Frame next = backlog.take(); next != null; next = backlog.take()) {
      next.text()
          .lines()
          .map(line -> line.replaceAll("^.*\"data\":\"?([^\"}]*).*", "$1").replace("\"", ""))
          .forEach(all::add);
    }
    return all;
  }

  @Test
  void ofEachKeyOnlyTheNewestWaitsInTheOrderOfTheChannel() {
    for (String next : List.of("a1", "b1", "a2", "c1", "b2", "a3")) {
      assertThat(backlog.add(expendable(next.substring(0, 1), next))).isTrue();
    }

    assertThat(all()).containsExactly("c1", "b2", "a3");
    backlog.add(expendable("a", "a4"));
    assertThat(all()).containsExactly("a4");
  }

  @Test
  void aRunIsTakenApart() {
    backlog.add(Frame.join(List.of(expendable("a", "a1"), expendable("b", "b1"))));
    backlog.add(Frame.join(List.of(expendable("a", "a2"), expendable("a", "a3"))));

    assertThat(all()).containsExactly("b1", "a3");
  }

  @Test
  void whatMustNotBeMissedKeepsItsPlace() {
    backlog.add(expendable("a", "a1"));
    backlog.add(ordinary("ack"));
    backlog.add(expendable("a", "a2"));
    backlog.add(ordinary("join"));
    backlog.add(expendable("b", "b1"));

    assertThat(all()).containsExactly("ack", "a2", "join", "b1");
  }

  @Test
  void withoutAKeyItIsLeftOutBehindMoreThanOneMessage() {
    String large = "x".repeat(40 * 1024);
    assertThat(backlog.add(expendable(null, "1" + large))).isTrue();
    assertThat(backlog.add(expendable(null, "2"))).isTrue();
    assertThat(backlog.add(expendable(null, "3" + large))).isTrue();
    assertThat(backlog.add(ordinary("ack" + large))).isTrue();
    assertThat(backlog.add(expendable(null, "4"))).isTrue();

    assertThat(all()).extracting(text -> text.replace("x", "")).containsExactly("1", "2", "ack");
    assertThat(backlog.add(expendable(null, "5" + large + large))).as("alone it may go").isTrue();
    assertThat(all()).hasSize(1);
  }

  @Test
  void tooManyKeysAreTooMuchAndOneKeyNeverIs() {
    int keys = 0;
    while (backlog.add(expendable("k" + keys, "x".repeat(PADDING)))) {
      keys++;
    }
    assertThat(keys).isBetween(100_000 / (3 * PADDING), 100_000 / PADDING);

    backlog.clear();
    for (int i = 0; i < 100_000; i++) {
      assertThat(backlog.add(expendable("k" + i % 10, "v" + i))).isTrue();
      assertThat(backlog.length()).isLessThan(100);
    }
    assertThat(all())
        .containsExactly(
            "v99990", "v99991", "v99992", "v99993", "v99994", "v99995", "v99996", "v99997",
            "v99998", "v99999");
  }

  @Test
  void whateverComesInBetweenTheClientEndsUpWithTheNewestOfEach() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    Map<String, String> newest = new HashMap<>();
    Map<String, String> told = new HashMap<>();
    int ordinary = 0;
    int heard = 0;
    for (int i = 0; i < 20_000; i++) {
      String key = "k" + random.nextInt(30);
      if (random.nextInt(10) == 0) {
        assertThat(backlog.add(ordinary("o:" + ordinary++))).isTrue();
      } else {
        assertThat(backlog.add(expendable(key, key + ":" + i))).isTrue();
        newest.put(key, key + ":" + i);
      }
      if (random.nextInt(200) == 0 || i == 19_999) {
        int last = -1;
        for (String data : all()) {
          int number = Integer.parseInt(data.substring(data.indexOf(':') + 1));
          if (data.startsWith("o")) {
            assertThat(number).as("seed %d", seed).isEqualTo(heard++);
          } else {
            assertThat(number).as("seed %d", seed).isGreaterThan(last);
            last = number;
            told.put(data.substring(0, data.indexOf(':')), data);
          }
        }
        assertThat(told).as("seed %d", seed).isEqualTo(newest);
      }
    }
    assertThat(heard).isEqualTo(ordinary);
  }
}
