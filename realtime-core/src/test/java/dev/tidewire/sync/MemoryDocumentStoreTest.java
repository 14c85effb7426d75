package dev.tidewire.sync;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryDocumentStoreTest extends DocumentStoreContract {

  @Override
  protected DocumentStore create() {
    return new MemoryDocumentStore();
  }

  @Test
  void oneDocumentTooManyIsRefusedAndTheOthersGoOn() {
    DocumentStore small = new MemoryDocumentStore(2);
    FieldWrite write = write("a", 1, "a", "1");
    await(small.save("one", List.of(write), null));
    await(small.save("two", List.of(write), null));

    assertThat(small.save("three", List.of(write), null)).isCompletedExceptionally();
    await(small.save("two", List.of(write("b", 1, "a", "1")), null));
    assertThat(await(small.load("two")).writes()).hasSize(2);
    assertThat(await(small.load("three"))).isEqualTo(DocumentStore.Stored.nothing());
  }
}
