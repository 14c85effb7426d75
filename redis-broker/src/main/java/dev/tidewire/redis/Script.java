package dev.tidewire.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A Lua script that Redis carries out as one step. Immutable, safe for any thread.
 *
 * @param source its text
 * @param sha the name by which Redis knows it once it is loaded
 */
record Script(String source, String sha) {

  /** Reads a script from the resources beside this class, after the one it begins with. */
  static Script of(String beginning, String name) {
    return made(read(beginning) + '\n' + read(name));
  }

  /** Reads a script from the resources beside this class. */
  static Script of(String name) {
    return made(read(name));
  }

  private static Script made(String source) {
    try {
      MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
      return new Script(source, HexFormat.of().formatHex(sha1.digest(source.getBytes(UTF_8))));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String read(String name) {
    try (InputStream in = Script.class.getResourceAsStream(name + ".lua")) {
      if (in == null) {
        throw new IllegalStateException("no script " + name);
      }
      return new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
