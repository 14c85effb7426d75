package dev.tidewire;

import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.channel.RowChange;
import dev.tidewire.protocol.FrameCodec;
import org.jspecify.annotations.Nullable;

/** A publication as a subscriber in this JVM sees it. Immutable, safe for any thread. */
public final class Message {

  /** Name of the event that tells that something was missed: load again. */
  public static final String RESET = "reset";

  private final FrameCodec codec;
  private final Publication publication;

  Message(FrameCodec codec, Publication publication) {
    this.codec = codec;
    this.publication = publication;
  }

  /** Name of the channel. */
  public String topic() {
    return publication.topic();
  }

  /** The event's name; INSERT, UPDATE or DELETE for a row change; {@link #RESET} for a reset. */
  public String event() {
    return event(publication);
  }

  static String event(Publication publication) {
    return publication.kind() == Draft.Kind.RESET ? RESET : publication.event();
  }

  /** Its place in the channel. */
  public Position position() {
    return publication.position();
  }

  /** Server time of acceptance, milliseconds since 1970. */
  public long timestamp() {
    return publication.timestamp();
  }

  /** Who published it, null for the server itself. */
  public @Nullable String userId() {
    return publication.userId();
  }

  /** The payload as JSON text. */
  public String json() {
    return publication.dataJson();
  }

  /**
   * The payload as a Java value: a map, a record, a bean.
   *
   * @throws IllegalArgumentException if it has another shape
   */
  public <T> T as(Class<T> type) {
    return codec.fromJson(json(), type);
  }

  /** The row change, or null for an event of a custom channel. */
  public @Nullable RowChange change() {
    return publication.change();
  }

  @Override
  public String toString() {
    return publication.toString();
  }
}
