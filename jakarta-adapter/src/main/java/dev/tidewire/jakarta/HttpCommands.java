package dev.tidewire.jakarta;

import dev.tidewire.Admission;
import dev.tidewire.Realtime;
import dev.tidewire.Rejection;
import dev.tidewire.protocol.Command;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Inbound;
import dev.tidewire.protocol.Topics;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * Reads HTTP requests as the commands that frames carry, with the checks of frames. Throws {@link
 * Rejection} for what is none. Immutable, safe for any thread.
 */
final class HttpCommands {

  private static final Pattern INTEGER = Pattern.compile("-?[0-9]{1,100}");
  private static final Pattern JSON =
      Pattern.compile(
          "application/json\\s*(;\\s*charset\\s*=\\s*\"?utf-8\"?\\s*)?", Pattern.CASE_INSENSITIVE);

  private final FrameCodec codec;
  private final Admission admission;
  private final int maxBytes;

  HttpCommands(Realtime realtime) {
    this.codec = realtime.codec();
    this.admission = realtime.admission();
    this.maxBytes = realtime.maxFrameBytes();
  }

  /** Whether the body is declared to be JSON; any other type a foreign page could send unasked. */
  static boolean isJson(HttpServletRequest request) {
    String type = request.getContentType();
    return type != null && JSON.matcher(type.trim()).matches();
  }

  Command publish(HttpServletRequest request) throws IOException {
    return require(codec.decodeAs("publish", body(request)), Command.Publish.class);
  }

  Command history(HttpServletRequest request) {
    Map<String, Object> frame = new LinkedHashMap<>();
    for (String name : new String[] {"topic", "limit", "before"}) {
      String value = Parameters.optional(request, name);
      if (value != null) {
        frame.put(name, name.equals("topic") ? value : number(value));
      }
    }
    return require(codec.decodeAs("history", codec.toJson(frame)), Command.History.class);
  }

  Command members(HttpServletRequest request) {
    String topic = Parameters.optional(request, "topic");
    if (topic == null || !Topics.isTopic(topic)) {
      throw new Rejection(
          ErrorCode.BAD_REQUEST, "'topic' is needed: 1 to 255 letters, digits and / : . _ - @");
    }
    String count = Parameters.optional(request, "count");
    return count == null || count.equals("false")
        ? new Command.Members(null, topic)
        : new Command.Count(null, topic);
  }

  private static Object number(String value) {
    return INTEGER.matcher(value).matches() ? new BigInteger(value) : value;
  }

  private static Command require(Inbound frame, Class<? extends Command> type) {
    if (frame instanceof Inbound.Refused refused) {
      throw new Rejection(refused.code(), refused.message());
    }
    if (!type.isInstance(frame)) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "'type' contradicts the address");
    }
    return type.cast(frame);
  }

  String body(HttpServletRequest request) throws IOException {
    int max = maxBytes == 0 ? Integer.MAX_VALUE - 1 : maxBytes;
    byte[] bytes =
        request.getContentLengthLong() > max ? null : request.getInputStream().readNBytes(max + 1);
    if (bytes == null || bytes.length > max) {
      throw admission.bodyTooLarge();
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new Rejection(ErrorCode.BAD_REQUEST, "the body is not UTF-8");
    }
  }
}
