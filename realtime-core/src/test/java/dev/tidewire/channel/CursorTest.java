package dev.tidewire.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CursorTest {

  @Test
  void whatIsWrittenIsReadAgain() {
    String text =
        Cursor.format(new TreeMap<>(Map.of("user:42", "zz01.0", "chat/a.b-c_d@e", "k3f9.174")));
    assertThat(text).isEqualTo("chat/a.b-c_d@e=k3f9.174~user:42=zz01.0");

    Cursor cursor = Cursor.parse(text);

    assertThat(cursor.of("chat/a.b-c_d@e")).isEqualTo(new Position("k3f9", 174));
    assertThat(cursor.textOf("user:42")).isEqualTo("zz01.0");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "~",
        "a",
        "=",
        "a=",
        "=k.1",
        "a=k",
        "a=k.01",
        "a=K.1",
        "a=k.-1",
        "a=k.1~a=k.2",
        "a=k.99999999999999999999",
        "b=k.1",
        "a=k.1 ",
        "\u0000",
        "a==k.1~"
      })
  void whatTellsNoPlaceIsAPlaceInNoStream(String text) {
    Cursor cursor = Cursor.parse(text);

    assertThat(cursor.of("a")).isEqualTo(new Position("nowhere", 0));
    assertThat(cursor.textOf("a")).isNull();
  }

  @Test
  void oneBrokenPositionSparesTheOthers() {
    Cursor cursor = Cursor.parse("a=?~b=k.2");

    assertThat(cursor.textOf("a")).isNull();
    assertThat(cursor.textOf("b")).isEqualTo("k.2");
  }

  @Test
  void whatIsTooLongIsNotRead() {
    String text = "a=k.1~" + "x".repeat(Cursor.MAX_LENGTH);

    assertThat(Cursor.parse(text).textOf("a")).isNull();
    assertThat(Cursor.parse(text.substring(0, Cursor.MAX_LENGTH)).textOf("a")).isEqualTo("k.1");
  }

  @Test
  void theTextOfNoPositionIsNotEmpty() {
    assertThat(Cursor.format(new TreeMap<>())).isEqualTo("~");
  }
}
