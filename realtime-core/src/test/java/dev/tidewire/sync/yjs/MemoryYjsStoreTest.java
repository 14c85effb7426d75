package dev.tidewire.sync.yjs;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MemoryYjsStoreTest extends YjsStoreContract {

  @Override
  protected YjsStore create() {
    return new MemoryYjsStore();
  }

  @Test
  void moreThanItsBytesAreRefusedUntilSomethingIsDeleted() {
    MemoryYjsStore small = new MemoryYjsStore(10);
    await(small.append("a", new byte[6]));
    assertThatThrownBy(() -> await(small.append("b", new byte[6])));
    assertThat(await(small.load("b"))).isEmpty();
    await(small.delete("a"));
    await(small.append("b", new byte[6]));
  }
}
