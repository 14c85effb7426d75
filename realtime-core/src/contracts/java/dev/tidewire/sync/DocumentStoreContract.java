package dev.tidewire.sync;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.sync.DocumentStore.Stored;
import dev.tidewire.testing.Parallel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every document store keeps to. */
public abstract class DocumentStoreContract {

  protected static final String NAME = "team/document-abc";

  protected DocumentStore store;

  /** A new store without documents. */
  protected abstract DocumentStore create();

  @BeforeEach
  void open() {
    store = create();
  }

  @AfterEach
  void close() {
    store.close();
  }

  protected static FieldWrite write(String field, long time, String replica, @Nullable String json) {
    return new FieldWrite(field, new Stamp(1_760_000_000_000L + time, 0, replica), json);
  }

  protected void save(FieldWrite... writes) {
    await(store.save(NAME, List.of(writes), null));
  }

  protected Stored stored() {
    return await(store.load(NAME));
  }

  @Test
  void unknownDocumentIsEmpty() {
    assertThat(stored()).isEqualTo(Stored.nothing());
  }

  @Test
  void whatWasSavedIsLoadedAsItWas() {
    FieldWrite[] all = {
      write("title", 1, "a", "\"Tide\""),
      write("Title", 1, "a", "1"),
      write("title ", 1, "a", "2"),
      write("__proto__", 1, "a", "{\"x\": [null, 1e400, \"\\u0000\"]}"),
      write("ключ 🗝 'it''s\\", 1, "a", "\"ä 🗝 'x' \\\\ %s ? :y\""),
      write("null", 1, "a", "null"),
      write("removed", 1, "a", null),
      write("large", 1, "z".repeat(32), '"' + "x".repeat(200_000) + '"'),
      write("x".repeat(128), 1, "a", "\"\"")
    };
    save(all);
    await(store.save("team/Document-abc", List.of(write("title", 9, "a", "9")), null));

    assertThat(stored().writes()).containsExactlyInAnyOrder(all);
    assertThat(stored().floor()).isNull();
  }

  @Test
  void laterWriteStaysWhicheverIsSavedFirst() {
    save(write("a", 2, "x", "2"), write("b", 1, "x", "1"), write("c", 1, "a", "1"));
    save(write("a", 1, "z", "1"), write("b", 2, "x", null), write("c", 1, "b", "2"));
    save(write("d", 1, "x", "1"), write("d", 3, "x", "3"), write("d", 2, "x", "2"));
    save(write("b", 1, "x", "1"), write("a", 2, "x", "2"));

    assertThat(stored().writes())
        .containsExactlyInAnyOrder(
            write("a", 2, "x", "2"),
            write("b", 2, "x", null),
            write("c", 1, "b", "2"),
            write("d", 3, "x", "3"));
  }

  @Test
  void purgedRemovalsAreForgottenAndTheFloorIsKept() {
    FieldWrite removed = write("a", 5, "x", null);
    FieldWrite replaced = write("b", 6, "x", null);
    save(removed, replaced, write("c", 1, "x", "1"));
    save(write("b", 7, "x", "7"));
    Stamp floor = replaced.at();

    FieldMap.Purge purge = new FieldMap.Purge(List.of(removed, replaced), floor);
    await(store.save(NAME, List.of(write("d", 8, "x", "8")), purge));

    assertThat(stored().floor()).isEqualTo(floor);
    assertThat(stored().writes())
        .containsExactlyInAnyOrder(
            write("b", 7, "x", "7"), write("c", 1, "x", "1"), write("d", 8, "x", "8"));
    FieldMap.Purge earlier = new FieldMap.Purge(List.of(), removed.at());
    await(store.save(NAME, List.of(), earlier));
    assertThat(stored().floor()).isEqualTo(floor);
  }

  @Test
  void writersAtTheSameTimeLeaveTheLastWriteOfEachField() {
    long seed = Long.getLong("sync.seed", System.nanoTime());
    Map<String, FieldWrite> expected = new ConcurrentHashMap<>();
    List<Parallel.Task> writers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String replica = "r" + i;
      Random random = new Random(seed + i);
      writers.add(
          () -> {
            for (int n = 0; n < 25; n++) {
              List<FieldWrite> writes = new ArrayList<>();
              for (int k = 0; k < 3; k++) {
                String field = "f" + random.nextInt(6);
                String json = random.nextInt(4) == 0 ? null : "\"" + replica + n + k + '"';
                Stamp at = new Stamp(random.nextInt(30), n * 3 + k, replica);
                writes.add(new FieldWrite(field, at, json));
              }
              await(store.save(NAME, writes, null));
              for (FieldWrite write : writes) {
                expected.merge(
                    write.field(), write, (a, b) -> a.at().isAfter(b.at()) ? a : b);
              }
            }
          });
    }
    Parallel.run(writers);

    assertThat(stored().writes())
        .as("seed %s", seed)
        .containsExactlyInAnyOrderElementsOf(expected.values());
  }
}
