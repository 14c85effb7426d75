package dev.tidewire.demo;

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
    Npm.run(Npm.arguments(temporary), "node", "--test", "codec.test.js", "interop.test.js");
  }
}
