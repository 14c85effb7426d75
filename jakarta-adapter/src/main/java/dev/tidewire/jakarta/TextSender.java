package dev.tidewire.jakarta;

import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;

/** How text goes out on one WebSocket; the same rules as for {@link Connection#send}. */
@FunctionalInterface
interface TextSender {

  /** May throw instead of failing the completion, if nothing was sent. */
  void send(Frame frame, Connection.Completion completion);
}
