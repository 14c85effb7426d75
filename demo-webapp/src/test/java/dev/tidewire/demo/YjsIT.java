package dev.tidewire.demo;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The stock npm packages of Yjs against servers in child JVMs: {@code src/test/npm/yjs}.
 * Environment variables repeat or lengthen it: {@code YJS_SEED}, {@code YJS_EDITS}, {@code
 * YJS_KILLS}, {@code YJS_HISTORIES}.
 */
class YjsIT {

  @TempDir Path temporary;

  @Test
  void stockClientsConvergeWhateverBreaks() throws Exception {
    Npm.require();
    String classPath =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    Path arguments = temporary.resolve("java.txt");
    Files.writeString(arguments, "-cp \"" + classPath.replace("\\", "\\\\") + "\"");
    Npm.run(arguments, "node", "--test", "codec.test.js", "interop.test.js");
  }
}
