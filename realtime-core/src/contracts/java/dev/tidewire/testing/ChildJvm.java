package dev.tidewire.testing;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs a class of the tests in a JVM of its own, which others may kill. */
public final class ChildJvm {

  private ChildJvm() {}

  /**
   * What starts one with the class path of this JVM.
   *
   * @param main has the main method
   * @param options of the JVM, besides those with which it starts fast
   */
  public static ProcessBuilder of(Class<?> main, List<String> options, Object... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-XX:TieredStopAtLevel=1");
    command.addAll(options);
    command.add("-cp");
    command.add(
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    command.add(main.getName());
    for (Object argument : arguments) {
      command.add(argument.toString());
    }
    return new ProcessBuilder(command);
  }
}
