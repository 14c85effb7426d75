package dev.tidewire.jakarta;

import dev.tidewire.Rejection;
import dev.tidewire.StreamRequest;
import dev.tidewire.channel.Cursor;
import dev.tidewire.protocol.ErrorCode;
import jakarta.servlet.http.HttpServletRequest;
import org.jspecify.annotations.Nullable;

/** Reads what a stream or a poll is to tell of. Stateless. */
final class StreamParameters {

  private StreamParameters() {}

  /**
   * Reads the request.
   *
   * @param cursor the text of the cursor, or null
   * @param presence whether presence is wanted; null for wherever the access policy allows it
   * @throws Rejection if the request cannot be answered like this
   */
  static StreamRequest read(
      HttpServletRequest request, @Nullable String cursor, @Nullable Boolean presence) {
    requireAsync(request);
    return new StreamRequest(
        Parameters.all(request, "topic"), cursor == null ? null : Cursor.parse(cursor), presence);
  }

  /**
   * Makes sure that the answer may take its time.
   *
   * @throws Rejection if a filter does not let it
   */
  static void requireAsync(HttpServletRequest request) {
    if (!request.isAsyncSupported()) {
      throw new Rejection(
          ErrorCode.INTERNAL,
          "a filter of the application does not allow asynchronous requests: set its"
              + " async-supported");
    }
  }
}
