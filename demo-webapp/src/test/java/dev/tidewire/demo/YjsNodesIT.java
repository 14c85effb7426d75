package dev.tidewire.demo;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The stock npm packages of Yjs against two nodes, in JVMs of their own, on one PostgreSQL that
 * keeps the documents and carries the streams: {@code src/test/npm/yjs/nodes.test.js}.
 */
class YjsNodesIT {

  @TempDir Path temporary;

  @Test
  void stockClientsOfTwoNodesAreInOneRoom() throws Exception {
    Npm.require();
    try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().setPort(0).start()) {
      String url = "jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres?user=postgres";
      Npm.run(
          Npm.arguments(temporary),
          "env",
          "YJS_POSTGRES=" + url,
          "node",
          "--test",
          "nodes.test.js");
    }
  }
}
