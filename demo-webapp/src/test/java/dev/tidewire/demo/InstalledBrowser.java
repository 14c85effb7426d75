package dev.tidewire.demo;

import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * The Chromium on this machine: named by {@code browser.path} or {@code CHROME_BIN}, or where Linux
 * distributions put it.
 */
final class InstalledBrowser {
  private static final List<String> USUAL_PLACES =
      List.of(
          "/usr/bin/chromium",
          "/usr/bin/chromium-browser",
          "/usr/bin/google-chrome",
          "/usr/bin/google-chrome-stable");

  private InstalledBrowser() {}

  /**
   * Its executable; without one the test is skipped, or fails if the system property {@code
   * browser.required} is set.
   */
  static Path path() {
    Optional<Path> found =
        Stream.concat(
                Stream.of(System.getProperty("browser.path"), System.getenv("CHROME_BIN")),
                USUAL_PLACES.stream())
            .filter(Objects::nonNull)
            .filter(place -> !place.isBlank())
            .map(Path::of)
            .filter(Files::isExecutable)
            .findFirst();
    if (found.isPresent()) {
      return found.get();
    }
    String problem =
        "no Chromium found: set -Dbrowser.path or CHROME_BIN, or install one of " + USUAL_PLACES;
    String required = System.getProperty("browser.required");
    if ("".equals(required) || "true".equals(required)) {
      fail(problem);
    }
    return Assumptions.abort(problem);
  }
}
