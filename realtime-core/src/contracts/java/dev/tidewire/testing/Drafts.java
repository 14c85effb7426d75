package dev.tidewire.testing;

import dev.tidewire.channel.Draft;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.FrameIds;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/** Makes what tests publish. */
public final class Drafts {

  private static final FrameCodec CODEC = new FrameCodec(new FrameIds("test"), 100);

  private Drafts() {}

  public static Draft event(String topic, Object data) {
    return CODEC.event(topic, "e", CODEC.toJson(data), null, false, null);
  }

  public static Draft persisted(String topic, Object data) {
    return CODEC.event(topic, "e", CODEC.toJson(data), null, true, null);
  }

  /** The result of a stage, which may take its time. */
  public static <T> T await(CompletionStage<T> stage) {
    try {
      return stage.toCompletableFuture().get(30, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new AssertionError("the stage failed", e);
    }
  }
}
