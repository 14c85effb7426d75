package dev.tidewire.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What was found in a frame, or one level down in its {@code payload}; null where there was nothing
 * or {@code null}. Not thread-safe; made for one frame.
 */
final class FrameFields {

  @Nullable String id;
  @Nullable String type;
  @Nullable String topic;
  @Nullable String event;
  @Nullable String method;
  @Nullable String token;
  @Nullable String key;
  @Nullable String status;
  @Nullable String since;
  @Nullable String after;
  @Nullable String before;
  @Nullable Long beforeTime;
  @Nullable Long limit;
  @Nullable Boolean presence;
  @Nullable Boolean persist;
  @Nullable Boolean echo;

  /** JSON text on one line. */
  @Nullable String data;

  /** The whole payload as JSON text on one line. */
  @Nullable String payload;

  /** A field that this server knows but does not support. */
  @Nullable String unsupported;

  /** The first thing that is wrong with a field. */
  @Nullable String wrong;

  void complain(String about) {
    wrong = wrong == null ? about : wrong;
  }
}
