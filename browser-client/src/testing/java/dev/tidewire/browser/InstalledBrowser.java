package dev.tidewire.browser;

import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * The Chromium on this machine: the system property {@code browser.path}, the environment's {@code
 * CHROME_BIN}, or where Linux distributions put it. Immutable, safe for any thread.
 */
public final class InstalledBrowser {

  /** First the same without the windows, which nobody sees: a page costs it a quarter. */
  private static final List<String> USUAL_PLACES =
      List.of(
          "/usr/bin/chromium-headless-shell",
          "/usr/bin/chromium",
          "/usr/bin/chromium-browser",
          "/usr/bin/google-chrome",
          "/usr/bin/google-chrome-stable");

  private final UnaryOperator<String> properties;
  private final UnaryOperator<String> environment;
  private final List<String> usualPlaces;

  InstalledBrowser(
      UnaryOperator<String> properties,
      UnaryOperator<String> environment,
      List<String> usualPlaces) {
    this.properties = properties;
    this.environment = environment;
    this.usualPlaces = usualPlaces;
  }

  /**
   * The browser's executable. Where there is none the test is skipped, or fails if the system
   * property {@code browser.required} is set.
   */
  public static Path path() {
    return new InstalledBrowser(System::getProperty, System::getenv, USUAL_PLACES).orSkip();
  }

  Path orSkip() {
    Optional<Path> found = find();
    if (found.isPresent()) {
      return found.get();
    }
    String problem =
        "no Chromium found: set -Dbrowser.path or CHROME_BIN, or install one of " + usualPlaces;
    if (isRequired()) {
      fail(problem);
    }
    return Assumptions.abort(problem);
  }

  /** A place that was named must be right: it is never replaced by another one in silence. */
  private Optional<Path> find() {
    Optional<String> named =
        Stream.of(properties.apply("browser.path"), environment.apply("CHROME_BIN"))
            .filter(place -> place != null && !place.isBlank())
            .findFirst();
    if (named.isPresent()) {
      Path path = Path.of(named.get());
      if (!Files.isExecutable(path)) {
        fail("not an executable file: " + path);
      }
      return Optional.of(path);
    }
    return usualPlaces.stream().map(Path::of).filter(Files::isExecutable).findFirst();
  }

  private boolean isRequired() {
    String required = properties.apply("browser.required");
    return required != null && (required.isEmpty() || required.equals("true"));
  }
}
