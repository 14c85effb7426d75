package dev.tidewire;

import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Push;
import dev.tidewire.protocol.Reply;
import dev.tidewire.transport.Frame;
import org.jspecify.annotations.Nullable;

/** Makes frames that say what they are. Stateless. */
final class Frames {

  private Frames() {}

  /** A publication's frame; its mark costs nothing until a transport asks. */
  static Frame of(Publication publication) {
    return new Frame(publication.frame(), new PublicationMark(publication));
  }

  static Frame of(Push push, FrameCodec codec, long now) {
    Position position = push.position();
    return Frame.of(
        codec.encode(push, now),
        new NamedMark(push.event(), push.topic(), position == null ? null : position.toString()));
  }

  static Frame of(Reply reply, @Nullable String commandId, FrameCodec codec, long now) {
    // An EventSource keeps the name "error" for its own troubles.
    String event = reply instanceof Reply.Failure ? "failure" : "ack";
    return Frame.of(codec.encode(reply, commandId, now), new NamedMark(event, null, null));
  }

  private record NamedMark(String event, @Nullable String topic, @Nullable String position)
      implements Frame.Mark {}

  private record PublicationMark(Publication publication) implements Frame.Mark {
    @Override
    public String event() {
      return Message.event(publication);
    }

    @Override
    public String topic() {
      return publication.topic();
    }

    @Override
    public String position() {
      return publication.position().toString();
    }

    @Override
    public boolean isExpendable() {
      return publication.isExpendable();
    }

    @Override
    public @Nullable String conflationKey() {
      return publication.conflationKey();
    }
  }
}
