package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Operation;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TransactionBufferTest {

  private static final CapturedTable A = new CapturedTable("a", "a", Set.of(), Set.of());
  private static final CapturedTable B = new CapturedTable("b", "b", Set.of(), Set.of());

  private final TransactionBuffer buffer = new TransactionBuffer(4);

  private void add(CapturedTable table, int id) {
    buffer.add(List.of(new Change(table, Operation.INSERT, Map.of("id", id), null, Actor.UNKNOWN)));
  }

  private List<String> drained() {
    return buffer.drain().stream()
        .map(c -> c.table() + (c.isReset() ? "!" : c.row().get("id").toString()))
        .toList();
  }

  @Test
  void innermostSavepointOfANameCounts() {
    buffer.mark("s");
    add(A, 1);
    buffer.mark("s");
    add(A, 2);
    buffer.rollbackTo("s");
    add(A, 3);
    buffer.rollbackTo("s");
    assertThat(drained()).containsExactly("a1");
    assertThat(buffer.isEmpty()).isTrue();
  }

  @Test
  void releasedSavepointUncoversTheOneBefore() {
    buffer.mark("s");
    add(A, 1);
    buffer.mark("s");
    add(A, 2);
    buffer.release("s");
    buffer.rollbackTo("s");
    assertThat(drained()).isEmpty();
  }

  @Test
  void unknownSavepointLeavesOnlyResets() {
    add(A, 1);
    add(B, 2);
    buffer.rollbackTo("never seen");
    assertThat(drained()).containsExactly("a!", "b!");
  }

  @Test
  void resetReplacesTheRowsOfItsTable() {
    add(A, 1);
    add(B, 1);
    buffer.reset(List.of(A));
    add(A, 2);
    assertThat(drained()).containsExactly("b1", "a!");
  }

  @Test
  void resetThatIsRolledBackGivesTheRowsBack() {
    add(A, 1);
    buffer.mark("s");
    buffer.reset(List.of(A));
    buffer.rollbackTo("s");
    add(A, 2);
    assertThat(drained()).containsExactly("a1", "a2");
  }

  @Test
  void moreThanTheLimitKeepsOnlyTheTables() {
    buffer.mark("s");
    for (int i = 0; i < 10; i++) {
      add(i % 2 == 0 ? A : B, i);
    }
    buffer.rollbackTo("s");
    assertThat(drained()).containsExactly("a!", "b!");
  }
}
