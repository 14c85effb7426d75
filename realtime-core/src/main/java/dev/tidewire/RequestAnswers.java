package dev.tidewire;

import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Gathers the answers to the commands of one request, in the order of the commands, whatever order
 * they are given in. Safe for any thread.
 */
final class RequestAnswers {

  private final FrameCodec codec;
  private final LongSupplier clock;
  private final AtomicReferenceArray<@Nullable String> frames;
  private final AtomicInteger missing;
  private final CompletableFuture<List<String>> all = new CompletableFuture<>();

  /**
   * @param count number of commands
   */
  RequestAnswers(FrameCodec codec, LongSupplier clock, int count) {
    this.codec = codec;
    this.clock = clock;
    this.frames = new AtomicReferenceArray<>(count);
    this.missing = new AtomicInteger(count);
  }

  /** The frames; complete when every command was answered. */
  CompletionStage<List<String>> all() {
    return all;
  }

  /** Where the answer to a command goes. */
  Answers to(int index) {
    return new Answers() {
      @Override
      public void push(Push push) {
        frames.set(index, codec.encode(push, clock.getAsLong()));
      }

      @Override
      public void reply(Reply reply, @Nullable String commandId) {
        if (commandId != null || reply instanceof Reply.Failure) {
          String frame = codec.encode(reply, commandId, clock.getAsLong());
          frames.accumulateAndGet(
              index, frame, (pushed, next) -> pushed == null ? next : pushed + '\n' + next);
        }
        answered();
      }

      @Override
      public void acknowledge(Reply.Ack ack, @Nullable String commandId) {
        if (commandId == null) {
          answered();
        } else {
          reply(ack, commandId);
        }
      }
    };
  }

  /** The command is not carried out and gets no answer: its session has ended. */
  void none() {
    answered();
  }

  private void answered() {
    if (missing.decrementAndGet() == 0) {
      List<String> told = new ArrayList<>(frames.length());
      for (int i = 0; i < frames.length(); i++) {
        String frame = frames.get(i);
        if (frame != null) {
          frame
              .lines()
              .forEach(told::add); // a frame has no line ends; a pong has its ack beside it
        }
      }
      all.complete(told);
    }
  }
}
