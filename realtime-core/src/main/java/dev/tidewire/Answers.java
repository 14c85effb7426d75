package dev.tidewire;

import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import org.jspecify.annotations.Nullable;

/**
 * Where the answers to a client's commands go: over its connection, or back with the request that
 * brought them. Called once per command by {@link #reply} or {@link #acknowledge}, at any time and
 * by any thread.
 */
interface Answers {

  /** A frame that answers no command by its id, such as a pong. */
  void push(Push push);

  /** The answer; one without id to answer is told only if it is a failure. */
  void reply(Reply reply, @Nullable String commandId);

  /** Done; a client that gave its command no id wants no word of it. */
  void acknowledge(Reply.Ack ack, @Nullable String commandId);
}
