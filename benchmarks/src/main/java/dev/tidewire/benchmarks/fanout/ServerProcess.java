package dev.tidewire.benchmarks.fanout;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** A server in a JVM of its own. For one thread. */
final class ServerProcess implements AutoCloseable, Measurement.Server {

  private static final int EXIT_SECONDS = 30;

  private static final Pattern NUMBER = Pattern.compile("-?\\d+");

  private final Process process;
  private final BufferedReader answers;
  private final PrintWriter commands;
  private final int port;

  private ServerProcess(Process process) throws IOException {
    this.process = process;
    answers = new BufferedReader(new InputStreamReader(process.getInputStream(), US_ASCII));
    commands = new PrintWriter(new OutputStreamWriter(process.getOutputStream(), US_ASCII), true);
    port = (int) answer();
  }

  /**
   * @param prefix what the command line begins with
   * @param jvm options of the JVM
   */
  static ServerProcess start(Wire wire, List<String> prefix, List<String> jvm) throws IOException {
    List<String> command = new ArrayList<>(prefix);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvm);
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(ServerMain.class.getName());
    command.add(wire.name());
    return new ServerProcess(
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
  }

  @Override
  public int port() {
    return port;
  }

  /** Processor time used so far, user and system. */
  @Override
  public long cpuNanos() throws IOException {
    commands.println("cpu");
    return answer();
  }

  @Override
  public long compilerMillis() throws IOException {
    commands.println("compiler");
    return answer();
  }

  /** Bytes of the heap in use, after collections. */
  @Override
  public long heapBytes() throws IOException {
    commands.println("heap");
    return answer();
  }

  @Override
  public long residentBytes() throws IOException {
    commands.println("resident");
    return answer();
  }

  private long answer() throws IOException {
    String line;
    do {
      line = answers.readLine();
      if (line == null) {
        throw new IOException("the server has ended; its log says why");
      }
    } while (!NUMBER.matcher(line).matches()); // a JVM that records a flight talks, too
    return Long.parseLong(line);
  }

  @Override
  public void close() throws InterruptedException {
    commands.close();
    if (!process.waitFor(EXIT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
    }
  }
}
