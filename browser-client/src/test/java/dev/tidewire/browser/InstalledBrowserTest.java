package dev.tidewire.browser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

class InstalledBrowserTest {

  private static final String EXECUTABLE =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();

  private static Path look(
      Map<String, String> properties, Map<String, String> environment, String... places) {
    return new InstalledBrowser(properties::get, environment::get, List.of(places)).orSkip();
  }

  @Test
  void propertyComesFirst() {
    assertThat(look(Map.of("browser.path", EXECUTABLE), Map.of("CHROME_BIN", "/nowhere"), "/none"))
        .hasToString(EXECUTABLE);
  }

  @Test
  void environmentComesBeforeTheUsualPlaces() {
    assertThat(look(Map.of(), Map.of("CHROME_BIN", EXECUTABLE), "/none")).hasToString(EXECUTABLE);
  }

  @Test
  void firstUsualPlaceThatExistsIsTaken() {
    assertThat(look(Map.of(), Map.of(), "/none", EXECUTABLE)).hasToString(EXECUTABLE);
  }

  @Test
  void namedPlaceThatIsWrongFails() {
    assertThatThrownBy(() -> look(Map.of("browser.path", "/nowhere"), Map.of(), EXECUTABLE))
        .isInstanceOf(AssertionFailedError.class)
        .hasMessageContaining("/nowhere");
  }

  @Test
  void missingBrowserSkipsAndSaysHowToNameOne() {
    assertThatThrownBy(() -> look(Map.of("browser.required", "false"), Map.of(), "/none"))
        .isInstanceOf(TestAbortedException.class)
        .hasMessageContaining("browser.path");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "true"})
  void missingBrowserFailsWhereItIsRequired(String required) {
    assertThatThrownBy(() -> look(Map.of("browser.required", required), Map.of(), "/none"))
        .isInstanceOf(AssertionFailedError.class)
        .hasMessageContaining("browser.path");
  }
}
