package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** The npm packages of Yjs, installed when they are first asked for. */
final class Npm {

  static final Path DIRECTORY = Path.of("src/test/npm/yjs");

  private static final int PATIENCE_MINUTES = 10;

  private Npm() {}

  /**
   * Without {@code node} and {@code npm} a test is skipped, or fails if the system property {@code
   * browser.required} is set.
   */
  static void require() throws Exception {
    String problem = "";
    try {
      start(Path.of(""), "node", "--version").waitFor();
    } catch (IOException e) {
      problem = "node and npm are needed: " + e.getMessage();
    }
    String required = System.getProperty("browser.required");
    if (!problem.isEmpty() && ("".equals(required) || "true".equals(required))) {
      fail(problem);
    }
    Assumptions.assumeTrue(problem.isEmpty(), problem);
    if (!Files.exists(DIRECTORY.resolve("node_modules/.package-lock.json"))) {
      run(Path.of(""), "npm", "ci", "--no-audit", "--no-fund");
    }
  }

  /** Writes down, in the directory, with what {@code java} runs classes of these tests. */
  static Path arguments(Path directory) throws IOException {
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    return Files.writeString(
        directory.resolve("java.txt"), "-cp \"" + classPath.replace("\\", "\\\\") + "\"");
  }

  /**
   * Runs a command among the packages, which must succeed.
   *
   * @param arguments where {@code java} finds its arguments
   */
  static void run(Path arguments, String... command) throws Exception {
    Process process = start(arguments, command);
    try {
      assertThat(process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES)).isTrue();
      assertThat(process.exitValue()).isZero();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static Process start(Path arguments, String... command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(List.of(command)).directory(DIRECTORY.toFile()).inheritIO();
    builder.environment().put("YJS_ARGUMENTS", arguments.toString());
    builder
        .environment()
        .put("YJS_JAVA", Path.of(System.getProperty("java.home"), "bin", "java").toString());
    return builder.start();
  }
}
