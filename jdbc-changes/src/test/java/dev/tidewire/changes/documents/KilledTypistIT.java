package dev.tidewire.changes.documents;

import static dev.tidewire.testing.Drafts.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.Realtime;
import dev.tidewire.changes.TestDatabase;
import dev.tidewire.sync.DocumentOptions;
import dev.tidewire.testing.ChildJvm;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What was acknowledged before the JVM was killed is in the document afterwards. */
class KilledTypistIT {

  private static final int KILLS = Integer.getInteger("sync.kills", 1);

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource(names = {"H2", "POSTGRES_18"})
  void nothingAcknowledgedIsLost(TestDatabase database) throws Exception {
    long seed = Long.getLong("sync.seed", System.nanoTime());
    Random random = new Random(seed);
    String url =
        database == TestDatabase.H2
            // with its default, H2 writes half a second later than it says
            ? "jdbc:h2:file:" + folder.resolve("typed") + ";WRITE_DELAY=0"
            : database.url();
    for (int kill = 0; kill < KILLS; kill++) {
      int acknowledged = typeUntilKilled(url, 20 + random.nextInt(200));
      int stored = stored(Typist.dataSource(url), acknowledged);
      System.out.printf(
          "sync: seed %d, %s killed after %d acknowledged writes, %d stored%n",
          seed, database, acknowledged, stored);
      assertThat(stored).as("seed %s", seed).isBetween(acknowledged, acknowledged + 1);
    }
  }

  private int typeUntilKilled(String url, int writes) throws Exception {
    Process typist =
        ChildJvm.of(Typist.class, List.of("-XX:+UseSerialGC"), url)
            .redirectError(folder.resolve("errors.txt").toFile())
            .start();
    int acknowledged = 0;
    try (BufferedReader lines = typist.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("acknowledged ")) {
          acknowledged = Integer.parseInt(line.substring(13));
        }
        if (acknowledged == writes) {
          // unlike the process itself its handle leaves open what it said before it died
          typist.toHandle().destroyForcibly();
        }
      }
    }
    assertThat(typist.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(acknowledged).as("see %s", folder).isGreaterThanOrEqualTo(writes);
    return acknowledged;
  }

  private static int stored(DataSource dataSource, int acknowledged) {
    Realtime realtime =
        Realtime.builder().documents(DocumentOptions.in(JdbcDocumentStore.on(dataSource))).build();
    try {
      var document = await(realtime.documents().get("typed").read());
      int n = Objects.requireNonNullElse(document.get("n", Integer.class), 0);
      // both fields of a write are there or none
      assertThat(document.get("f" + n % 50, Integer.class)).isEqualTo(n);
      assertThat(document.get("f" + (acknowledged - 1) % 50, Integer.class))
          .isGreaterThanOrEqualTo(acknowledged - 1);
      return n;
    } finally {
      realtime.close();
    }
  }
}
