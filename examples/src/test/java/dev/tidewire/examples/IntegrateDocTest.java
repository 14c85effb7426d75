package dev.tidewire.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What {@code docs/integrate.md} shows is what is compiled and run here. */
class IntegrateDocTest {

  private static final Path ROOT = Path.of("..");

  /** A block that names its source in a comment before it. */
  private static final Pattern SHOWN =
      Pattern.compile("<!-- (examples/\\S+) -->\n```\\w+\n(.*?)```", Pattern.DOTALL);

  private static final int MOST_LINES = 30;

  private static Map<String, String> shown() throws Exception {
    Map<String, String> shown = new LinkedHashMap<>();
    Matcher block = SHOWN.matcher(Files.readString(ROOT.resolve("docs/integrate.md")));
    while (block.find()) {
      shown.put(block.group(1), block.group(2));
    }
    return shown;
  }

  private static Set<String> sources() throws Exception {
    try (Stream<Path> files = Files.walk(Path.of("src", "main"))) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !file.endsWith("package-info.java"))
          .map(file -> "examples/" + file.toString().replace('\\', '/'))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Test
  void everyExampleIsShownAsItIs() throws Exception {
    Map<String, String> shown = shown();
    assertThat(shown.keySet()).containsExactlyInAnyOrderElementsOf(sources());
    for (Map.Entry<String, String> each : shown.entrySet()) {
      String source = Files.readString(ROOT.resolve(each.getKey()));
      assertThat(each.getValue())
          .as(each.getKey())
          .isEqualTo(source.replaceFirst("^package .*;\n\n", ""));
    }
  }

  @Test
  void noExampleTakesThirtyLines() throws Exception {
    for (String name : sources()) {
      assertThat(Files.readAllLines(ROOT.resolve(name)))
          .as(name)
          .filteredOn(line -> !line.isBlank() && !line.matches("(import|package) .*"))
          .hasSizeLessThan(MOST_LINES);
    }
  }
}
