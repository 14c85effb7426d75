package dev.tidewire.jakarta;

import dev.tidewire.Realtime;
import dev.tidewire.jakarta.war.Live;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** A WAR with one class of its own, one page and the jars: all that an application has to bring. */
final class TestWar {

  private TestWar() {}

  /**
   * Writes the WAR into an empty folder.
   *
   * @param more types whose jars it brings beside ours and Jackson's
   */
  static void write(Path war, Class<?>... more) throws IOException, URISyntaxException {
    Path classes = war.resolve("WEB-INF/classes");
    Path live = Path.of(Live.class.getName().replace('.', '/') + ".class");
    Files.createDirectories(classes.resolve(live).getParent());
    Files.copy(location(Live.class).resolve(live), classes.resolve(live));
    Path lib = Files.createDirectories(war.resolve("WEB-INF/lib"));
    List<Class<?>> ours =
        List.of(
            RealtimeEndpoints.class,
            Realtime.class,
            tools.jackson.databind.json.JsonMapper.class,
            tools.jackson.core.JsonParser.class,
            com.fasterxml.jackson.annotation.JsonProperty.class);
    for (Class<?> type : Stream.concat(ours.stream(), Stream.of(more)).toList()) {
      Path from = location(type);
      copy(from, Files.isDirectory(from) ? classes : lib.resolve(from.getFileName()));
    }
    Path client = client();
    copy(client, Files.isDirectory(client) ? classes : lib.resolve(client.getFileName()));
    Files.writeString(war.resolve("index.html"), "<h1>live</h1>");
  }

  /** Where the browser client comes from, which has no class. */
  private static Path client() throws URISyntaxException {
    String file = "META-INF/resources/realtime/client.js";
    String found =
        Objects.requireNonNull(TestWar.class.getClassLoader().getResource(file)).toString();
    String root = found.substring(0, found.length() - file.length());
    return root.startsWith("jar:")
        ? Path.of(URI.create(root.substring("jar:".length(), root.length() - "!/".length())))
        : Path.of(URI.create(root));
  }

  private static Path location(Class<?> type) throws URISyntaxException {
    return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      files.forEach(
          file -> {
            try {
              Path target = to.resolve(from.relativize(file).toString());
              if (!Files.isDirectory(file)) {
                Files.createDirectories(target.getParent());
                Files.copy(file, target);
              }
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
    }
  }
}
