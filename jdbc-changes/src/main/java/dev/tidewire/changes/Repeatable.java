package dev.tidewire.changes;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Date;
import java.sql.SQLException;
import java.sql.Time;
import java.sql.Timestamp;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Turns a parameter that can be read once, or changed later, into one that can be set again. */
final class Repeatable {

  private Repeatable() {}

  /**
   * Reads a stream, if it must be repeated.
   *
   * @param limit how many bytes to read, -1 for all
   */
  static Supplier<@Nullable InputStream> of(
      @Nullable InputStream stream, long limit, boolean repeats) throws SQLException {
    if (stream == null || !repeats) {
      return () -> stream;
    }
    try {
      byte[] bytes = limit < 0 ? stream.readAllBytes() : stream.readNBytes(Math.toIntExact(limit));
      return () -> new ByteArrayInputStream(bytes);
    } catch (IOException e) {
      throw new SQLException("could not read a parameter's stream", e);
    }
  }

  /**
   * Reads characters, if they must be repeated.
   *
   * @param limit how many characters to read, -1 for all
   */
  static Supplier<@Nullable Reader> of(@Nullable Reader reader, long limit, boolean repeats)
      throws SQLException {
    if (reader == null || !repeats) {
      return () -> reader;
    }
    try {
      StringWriter text = new StringWriter();
      char[] buffer = new char[8_192];
      long left = limit < 0 ? Long.MAX_VALUE : limit;
      int read = 0;
      while (left > 0 && read >= 0) {
        read = reader.read(buffer, 0, (int) Math.min(buffer.length, left));
        if (read > 0) {
          text.write(buffer, 0, read);
          left -= read;
        }
      }
      return () -> new StringReader(text.toString());
    } catch (IOException e) {
      throw new SQLException("could not read a parameter's characters", e);
    }
  }

  /** Copies a value that is a stream or that its owner could change, if it must be repeated. */
  static Supplier<@Nullable Object> of(@Nullable Object value, boolean repeats)
      throws SQLException {
    if (repeats && value instanceof InputStream stream) {
      Supplier<@Nullable InputStream> copy = of(stream, -1, true);
      return copy::get;
    }
    if (repeats && value instanceof Reader reader) {
      Supplier<@Nullable Reader> copy = of(reader, -1, true);
      return copy::get;
    }
    Object copy = value;
    if (repeats && value instanceof byte[] bytes) {
      copy = bytes.clone();
    } else if (repeats && value instanceof Timestamp timestamp) {
      copy = timestamp.clone();
    } else if (repeats && value instanceof Date date) {
      copy = date.clone();
    } else if (repeats && value instanceof Time time) {
      copy = time.clone();
    }
    Object kept = copy;
    return () -> kept;
  }
}
