package dev.tidewire.protocol;

import dev.tidewire.rows.Where;
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

  /** Whether the members are to be counted only. */
  @Nullable Boolean count;

  @Nullable Boolean persist;
  @Nullable Boolean echo;
  @Nullable Boolean snapshot;

  /** JSON text on one line. */
  @Nullable String data;

  /** The whole payload as JSON text on one line. */
  @Nullable String payload;

  /** Which rows; null for all. */
  @Nullable Where where;

  /** What is wrong with it. */
  @Nullable String wrongWhere;

  /** The first thing that is wrong with a field. */
  @Nullable String wrong;

  void complain(String about) {
    wrong = wrong == null ? about : wrong;
  }
}
