package dev.tidewire;

import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Reply;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A request is refused and the client is told why. Thrown by publish interceptors and call handlers
 * with a code of their own, and by the bus with an {@link ErrorCode}. Carries no stack trace: a
 * refusal is an answer, not a fault.
 */
public final class Rejection extends RealtimeException {

  private static final long serialVersionUID = 1L;
  private static final Pattern CODE = Pattern.compile("[a-z][a-z0-9_]{0,63}");
  private static final int UNPROCESSABLE = 422;

  private final String code;
  private final int status;
  private final boolean temporary;
  private final @Nullable Long retryAfterMs;

  /**
   * Refuses with a code of the application.
   *
   * @param code 1 to 64 lower-case letters, digits and underscores, beginning with a letter
   * @param message for people; sent to the client as it is
   * @throws IllegalArgumentException for any other code
   */
  public Rejection(String code, String message) {
    this(code, UNPROCESSABLE, message, false, null);
    if (!CODE.matcher(code).matches()) {
      throw new IllegalArgumentException("not a code of an application: '" + code + "'");
    }
  }

  /** Refuses with a code of the bus. */
  public Rejection(ErrorCode code, String message) {
    this(code.name(), code.httpStatus(), message, code.temporary(), null);
  }

  private Rejection(
      String code, int status, String message, boolean temporary, @Nullable Long retryAfterMs) {
    super(message, null);
    this.code = code;
    this.status = status;
    this.temporary = temporary;
    this.retryAfterMs = retryAfterMs;
  }

  /** Reads what a client sent; a wrong shape is the client's mistake. */
  static <T> T unlessRead(FrameCodec codec, String json, Class<T> type) {
    try {
      return codec.fromJson(json, type);
    } catch (IllegalArgumentException e) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "the data has the wrong shape");
    }
  }

  /** The same, telling that the request may succeed after {@code millis}. */
  public Rejection retryAfter(long millis) {
    return new Rejection(code, status, "" + getMessage(), true, millis);
  }

  /** The code on the wire. */
  public String code() {
    return code;
  }

  /** For adapters: the answer that tells a client of it. */
  public Reply.Failure toReply() {
    return new Reply.Failure(code, status, "" + getMessage(), temporary, retryAfterMs);
  }

  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
