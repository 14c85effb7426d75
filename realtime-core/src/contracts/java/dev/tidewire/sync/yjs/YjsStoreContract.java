package dev.tidewire.sync.yjs;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store of Yjs documents keeps to. */
public abstract class YjsStoreContract {

  protected YjsStore store;

  /** A new, empty store. */
  protected abstract YjsStore create();

  @BeforeEach
  void open() {
    store = create();
  }

  @AfterEach
  void close() {
    store.close();
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @Test
  void aRoomNobodyWroteToIsEmpty() {
    assertThat(await(store.load("none"))).isEmpty();
  }

  @Test
  void whatWasAppendedIsLoadedInItsOrder() {
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      keys.add(await(store.append("a", bytes(i, 0, 255))));
    }
    Map<String, byte[]> loaded = await(store.load("a"));
    assertThat(loaded.keySet()).containsExactlyElementsOf(keys);
    assertThat(loaded.get(keys.get(7))).containsExactly(bytes(7, 0, 255));
  }

  @Test
  void roomsAreToldApartExactly() {
    List<String> rooms =
        List.of("a", "A", "a/b", "ä", "a\u0308", "漢字 🎉", "a_", "a%", "x".repeat(255));
    for (int i = 0; i < rooms.size(); i++) {
      await(store.append(rooms.get(i), bytes(i)));
    }
    for (int i = 0; i < rooms.size(); i++) {
      assertThat(await(store.load(rooms.get(i))).values()).containsExactly(bytes(i));
    }
  }

  @Test
  void manyAtOnceAreAllThere() {
    List<CompletionStage<String>> stages = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      stages.add(store.append("room" + i % 7, bytes(i, i >> 8)));
    }
    stages.forEach(stage -> await(stage));
    int found = 0;
    for (int i = 0; i < 7; i++) {
      found += await(store.load("room" + i)).size();
    }
    assertThat(found).isEqualTo(1_000);
  }

  @Test
  void replacingPutsOneInThePlaceOfOthersAndLeavesTheRest() {
    String one = await(store.append("a", bytes(1)));
    String two = await(store.append("a", bytes(2)));
    String three = await(store.append("a", bytes(3)));
    String all = await(store.replace("a", List.of(one, two), bytes(1, 2)));
    Map<String, byte[]> loaded = await(store.load("a"));
    assertThat(loaded).containsOnlyKeys(all, three);
    assertThat(loaded.get(all)).containsExactly(bytes(1, 2));
  }

  @Test
  void replacingWhatSomebodyElseReplacedFailsAndChangesNothing() {
    String one = await(store.append("a", bytes(1)));
    String two = await(store.append("a", bytes(2)));
    String other = await(store.replace("a", List.of(one), bytes(1)));
    assertThatThrownBy(() -> await(store.replace("a", List.of(one, two), bytes(1, 2))));
    assertThat(await(store.load("a"))).containsOnlyKeys(other, two);
  }

  @Test
  void largeUpdatesAreKeptWhole() {
    byte[] large = new byte[3 * 1024 * 1024];
    new java.util.Random(3).nextBytes(large);
    await(store.append("large", large));
    assertThat(await(store.load("large")).values()).containsExactly(large);
  }

  @Test
  void aDeletedRoomIsEmpty() {
    await(store.append("a", bytes(1)));
    await(store.append("b", bytes(2)));
    await(store.delete("a"));
    assertThat(await(store.load("a"))).isEmpty();
    assertThat(await(store.load("b"))).hasSize(1);
  }
}
