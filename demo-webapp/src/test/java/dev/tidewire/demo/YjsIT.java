package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The stock npm packages of Yjs against servers in child JVMs: {@code src/test/npm/yjs}.
 * Environment variables repeat or lengthen it: {@code YJS_SEED}, {@code YJS_EDITS}, {@code
 * YJS_KILLS}, {@code YJS_HISTORIES}. Without {@code node} and {@code npm} it is skipped, or fails
 * if the system property {@code browser.required} is set.
 */
class YjsIT {

  private static final Path DIRECTORY = Path.of("src/test/npm/yjs");
  private static final int PATIENCE_MINUTES = 10;

  @TempDir Path temporary;

  @Test
  void stockClientsConvergeWhateverBreaks() throws Exception {
    requireNode();
    if (!Files.exists(DIRECTORY.resolve("node_modules/.package-lock.json"))) {
      assertThat(run("npm", "ci", "--no-audit", "--no-fund")).isZero();
    }
    assertThat(run("node", "--test", "codec.test.js", "interop.test.js")).isZero();
  }

  private void requireNode() throws Exception {
    String problem = "";
    try {
      if (run("node", "--version") != 0 || run("npm", "--version") != 0) {
        problem = "node or npm does not work";
      }
    } catch (IOException e) {
      problem = "node and npm are needed: " + e.getMessage();
    }
    String required = System.getProperty("browser.required");
    if (!problem.isEmpty() && ("".equals(required) || "true".equals(required))) {
      fail(problem);
    }
    Assumptions.assumeTrue(problem.isEmpty(), problem);
  }

  private int run(String... command) throws Exception {
    Path arguments = temporary.resolve("java.txt");
    Files.writeString(arguments, "-cp \"" + classPath() + "\"");
    Process process =
        start(
            List.of(command),
            Map.of(
                "YJS_ARGUMENTS",
                arguments.toString(),
                "YJS_JAVA",
                Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    try {
      assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).isTrue();
      return process.exitValue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static Process start(List<String> command, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).directory(DIRECTORY.toFile()).inheritIO();
    builder.environment().putAll(environment);
    builder.environment().remove("NODE_TEST_CONTEXT");
    return builder.start();
  }

  /** That of this test, which the build may have put into a jar's manifest. */
  private static String classPath() {
    String whole = System.getProperty("surefire.test.class.path");
    return (whole == null ? System.getProperty("java.class.path") : whole).replace("\\", "\\\\");
  }
}
