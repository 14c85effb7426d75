package dev.tidewire.channel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PositionTest {

  @Property
  void textReadsBackAsTheSamePosition(
      @ForAll("epochs") String epoch, @ForAll @LongRange(min = 0) long offset) {
    Position position = new Position(epoch, offset);

    assertThat(Position.parse(position.toString())).isEqualTo(position);
  }

  @Provide
  Arbitrary<String> epochs() {
    return Arbitraries.strings()
        .withCharRange('0', '9')
        .withCharRange('a', 'z')
        .ofMinLength(1)
        .ofMaxLength(32);
  }

  @Property
  void whateverTextIsReadIsTheOneTextOfThatPosition(@ForAll("almostPositions") String text) {
    Position position = Position.parse(text);

    if (position != null) {
      assertThat(position).hasToString(text);
    }
  }

  @Provide
  Arbitrary<String> almostPositions() {
    return Arbitraries.strings().withChars("0019afzZ.-+ \u0000é").ofMaxLength(60);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ".",
        "a",
        "a.",
        ".1",
        "a.b",
        "a.-1",
        "a.+1",
        "a.1 ",
        " a.1",
        "A.1",
        "a.1.2",
        "a b.1",
        "a.01",
        "a.00",
        "a.9223372036854775808",
        "a.99999999999999999999",
        "é.1",
        "a.١",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.1",
        "a.1\n",
        "null",
        "0"
      })
  void garbageIsNoPosition(String text) {
    assertThat(Position.parse(text)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"a.0", "0.1", "a.9223372036854775807", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.1"})
  void extremesArePositions(String text) {
    assertThat(Position.parse(text)).hasToString(text);
  }

  @Test
  void badPartsAreRefusedAndQuoted() {
    assertThatThrownBy(() -> new Position("A", 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'A'");
    assertThatThrownBy(() -> new Position("a", -1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("-1");
  }
}
