package dev.tidewire.changes.yjs;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.changes.TestDatabase;
import dev.tidewire.sync.yjs.YjsStore;
import dev.tidewire.sync.yjs.YjsStoreContract;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(TestDatabase.class)
class JdbcYjsStoreIT extends YjsStoreContract {

  @Parameter TestDatabase database;
  private DataSource plain;

  @Override
  protected YjsStore create() {
    try {
      plain = database.fresh();
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    return JdbcYjsStore.on(plain).build();
  }

  @Test
  void anotherServerReadsAndReplacesTheSameRows() {
    String one = await(store.append("a", new byte[] {1}));
    try (YjsStore other = JdbcYjsStore.on(plain).build()) {
      String two = await(other.append("a", new byte[] {2}));
      assertThat(await(store.load("a"))).containsOnlyKeys(one, two);
      String all = await(other.replace("a", java.util.List.of(one, two), new byte[] {1, 2}));
      assertThat(await(store.load("a"))).containsOnlyKeys(all);
    }
  }

  @Test
  void aClosedStoreRefuses() {
    store.close();
    assertThatThrownBy(() -> await(store.append("a", new byte[] {1})))
        .hasStackTraceContaining("the store is closed");
    assertThatThrownBy(() -> await(store.load("a"))).hasStackTraceContaining("the store is closed");
  }

  @Test
  void aTableThatIsNoneIsRefused() {
    assertThatThrownBy(() -> JdbcYjsStore.on(plain).table("a b").build())
        .isInstanceOf(IllegalArgumentException.class);
  }
}
