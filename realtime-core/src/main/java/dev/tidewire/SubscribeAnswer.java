package dev.tidewire;

/** How what was missed and who is here is told. */
enum SubscribeAnswer {
  /** Missed messages inside the acknowledgement; nothing if nobody is here. */
  BRIEF,
  /** Missed messages inside the acknowledgement; who is here even if that is nobody. */
  FULL,
  /** Missed messages as ordinary frames before the acknowledgement; then as {@link #FULL}. */
  REPLAY,
  /** For a stream: missed messages as ordinary frames, then a frame that it stands. */
  STREAM,
  /** Other rows than before: a reset where they begin. */
  RENEWED,
  /** The same for a stream. */
  RENEWED_STREAM;

  /** Whether it is a stream that is answered, and not a command. */
  boolean isStream() {
    return this == STREAM || this == RENEWED_STREAM;
  }

  /** Whether the client had the channel, and sees other rows now. */
  boolean isRenewed() {
    return this == RENEWED || this == RENEWED_STREAM;
  }
}
