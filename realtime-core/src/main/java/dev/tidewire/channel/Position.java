package dev.tidewire.channel;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A place in a channel's stream: the epoch names one life of the stream, the offset counts its
 * publications from 1 without holes. Offset 0 is the place before the first publication.
 *
 * <p>Written {@code <epoch>.<offset>}; that text is the {@code id} of a message, the resume cursor
 * and the SSE {@code id:}. Immutable, safe for any thread.
 *
 * @param epoch 1 to 32 characters of {@code 0-9a-z}
 * @param offset zero or more
 */
public record Position(String epoch, long offset) {

  private static final int MAX_EPOCH = 32;
  private static final int MAX_DIGITS = 19;

  /** Longest text form. */
  static final int MAX_LENGTH = MAX_EPOCH + 1 + MAX_DIGITS;

  public Position {
    Objects.requireNonNull(epoch, "epoch");
    if (!isEpoch(epoch)) {
      throw new IllegalArgumentException("not an epoch: '" + epoch + "'");
    }
    if (offset < 0) {
      throw new IllegalArgumentException("negative offset: " + offset);
    }
  }

  /**
   * Reads the text form. A position has one: {@code k3.7}, not {@code k3.07}.
   *
   * @return the position, or null if {@code text} is not one
   */
  public static @Nullable Position parse(String text) {
    int dot = text.indexOf('.');
    int digits = text.length() - dot - 1;
    if (dot < 1 || digits < 1 || digits > MAX_DIGITS) {
      return null;
    }
    if (text.charAt(dot + 1) == '0' && digits > 1) {
      return null;
    }
    long offset = 0;
    for (int i = dot + 1; i < text.length(); i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9 || offset > (Long.MAX_VALUE - digit) / 10) {
        return null;
      }
      offset = offset * 10 + digit;
    }
    String epoch = text.substring(0, dot);
    return isEpoch(epoch) ? new Position(epoch, offset) : null;
  }

  private static boolean isEpoch(String epoch) {
    if (epoch.isEmpty() || epoch.length() > MAX_EPOCH) {
      return false;
    }
    for (int i = 0; i < epoch.length(); i++) {
      char c = epoch.charAt(i);
      if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return epoch + '.' + offset;
  }
}
