package dev.tidewire.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class TopicsTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"orders", "chat/general", "user:42", "a", "A-Z_0.9@x", "//", "todos/7/lines"})
  void allowedCharactersMakeATopic(String topic) {
    assertThat(Topics.isTopic(topic)).isTrue();
    assertThat(Topics.require(topic)).isEqualTo(topic);
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {"", " ", "a b", "ä", "a\n", "a\u0000", "a*", "a#b", "a?b", "a%2Fb", "a\\b", "😀"})
  void anythingElseIsNone(String topic) {
    assertThat(Topics.isTopic(topic)).isFalse();
  }

  @Test
  void aTopicHasAtMost255Characters() {
    assertThat(Topics.isTopic("x".repeat(255))).isTrue();
    assertThat(Topics.isTopic("x".repeat(256))).isFalse();
  }

  @Test
  void misuseIsQuoted() {
    assertThatThrownBy(() -> Topics.require("a b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'a b'");
  }
}
