package dev.tidewire.sync;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The browser client's tests read the same file. */
class VectorsTest {

  private final JsonNode vectors = read();

  private static JsonNode read() {
    try (InputStream file =
        Objects.requireNonNull(VectorsTest.class.getResourceAsStream("vectors.json"))) {
      return new JsonMapper().readTree(file.readAllBytes());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Stamp stamp(JsonNode text) {
    return Objects.requireNonNull(Stamp.parse(text.asString()));
  }

  private static FieldWrite write(JsonNode node) {
    JsonNode value = node.get("value");
    return new FieldWrite(
        node.get("field").asString(),
        stamp(node.get("at")),
        value == null ? null : value.toString());
  }

  private static Map<String, @Nullable String> fields(FieldMap map) {
    Map<String, @Nullable String> fields = new TreeMap<>();
    for (FieldWrite write : map.writes()) {
      if (!write.isRemoval()) {
        fields.put(write.field(), write.json());
      }
    }
    return fields;
  }

  private static Map<String, @Nullable String> fields(JsonNode expected) {
    Map<String, @Nullable String> fields = new TreeMap<>();
    expected.properties().forEach(e -> fields.put(e.getKey(), e.getValue().toString()));
    return fields;
  }

  private Stream<DynamicTest> each(String group, java.util.function.Consumer<JsonNode> claim) {
    return vectors
        .get(group)
        .valueStream()
        .map(
            vector ->
                DynamicTest.dynamicTest(vector.get("name").asString(), () -> claim.accept(vector)));
  }

  @Test
  void stampsHaveOneTextFormOrderedAsTheyAre() {
    for (JsonNode vector : vectors.get("stamps")) {
      Stamp stamp =
          new Stamp(
              vector.get("time").asLong(),
              vector.get("count").asInt(),
              vector.get("replica").asString());
      assertThat(stamp).hasToString(vector.get("text").asString());
      assertThat(Stamp.parse(stamp.toString())).isEqualTo(stamp);
    }
    for (JsonNode text : vectors.get("notStamps")) {
      assertThat(Stamp.parse(text.asString())).as("%s", text).isNull();
    }
    List<Stamp> ascending = vectors.get("ascending").valueStream().map(VectorsTest::stamp).toList();
    List<Stamp> shuffled = new ArrayList<>(ascending);
    Collections.reverse(shuffled);
    assertThat(shuffled.stream().sorted()).containsExactlyElementsOf(ascending);
    assertThat(shuffled.stream().map(Stamp::toString).sorted())
        .containsExactlyElementsOf(ascending.stream().map(Stamp::toString).toList());
  }

  @TestFactory
  Stream<DynamicTest> clock() {
    return each(
        "clocks",
        vector -> {
          AtomicLong now = new AtomicLong();
          HybridClock clock = new HybridClock(vector.get("replica").asString(), now::get);
          for (JsonNode step : vector.get("steps")) {
            if (step.has("observe")) {
              clock.observe(stamp(step.get("observe")));
            } else {
              now.set(step.get("now").asLong());
              assertThat(clock.next()).hasToString(step.get("next").asString());
            }
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> merge() {
    return each(
        "merges",
        vector -> {
          List<FieldWrite> writes =
              vector.get("writes").valueStream().map(VectorsTest::write).toList();
          for (List<FieldWrite> order : permutations(writes)) {
            List<FieldWrite> repeated = new ArrayList<>(order);
            repeated.add(order.get(0));
            FieldMap map = new FieldMap(repeated, null);
            if (vector.has("fields")) {
              assertThat(fields(map)).isEqualTo(fields(vector.get("fields")));
            } else {
              assertThat(fields(map))
                  .containsOnlyKeys(
                      vector.get("names").valueStream().map(JsonNode::asString).toList());
            }
          }
        });
  }

  private static List<List<FieldWrite>> permutations(List<FieldWrite> writes) {
    if (writes.size() < 2) {
      return List.of(writes);
    }
    List<List<FieldWrite>> all = new ArrayList<>();
    for (int i = 0; i < writes.size(); i++) {
      List<FieldWrite> rest = new ArrayList<>(writes);
      FieldWrite first = rest.remove(i);
      for (List<FieldWrite> order : permutations(rest)) {
        List<FieldWrite> whole = new ArrayList<>(List.of(first));
        whole.addAll(order);
        all.add(whole);
      }
    }
    return all;
  }

  @TestFactory
  Stream<DynamicTest> purge() {
    return each(
        "purges",
        vector -> {
          FieldMap map = new FieldMap();
          for (JsonNode step : vector.get("steps")) {
            if (step.has("merge")) {
              assertThat(map.merge(write(step.get("merge"))))
                  .as("%s", step)
                  .hasToString(step.get("verdict").asString().toUpperCase(java.util.Locale.ROOT));
            } else {
              map.purge(step.at("/purge/keep").asInt(), step.at("/purge/before").asLong());
              assertThat(map.floor()).hasToString(step.get("floor").asString());
            }
          }
          assertThat(fields(map)).isEqualTo(fields(vector.get("fields")));
        });
  }
}
