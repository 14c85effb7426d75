package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/** What is in the WAR. */
class WarIT {

  @Test
  void warHoldsTheApplicationAndNoContainer() throws Exception {
    List<String> names;
    try (ZipFile war = new ZipFile(Stage.WAR + ".war")) {
      names = war.stream().map(ZipEntry::getName).toList();
    }
    assertThat(names)
        .contains("index.html", "WEB-INF/classes/dev/tidewire/demo/DemoConfigurer.class")
        .noneMatch(name -> name.contains("/launcher/"))
        .noneMatch(
            name -> name.matches(".*/(jetty|jakarta\\.(servlet|websocket)|asm|kurkle)[^/]*\\.jar"))
        .anyMatch(name -> name.matches("WEB-INF/lib/jakarta-adapter-.*\\.jar"))
        .anyMatch(name -> name.matches("WEB-INF/lib/browser-client-.*\\.jar"));
    assertThat(names).filteredOn(name -> name.endsWith(".jar")).hasSizeLessThanOrEqualTo(34);
  }
}
