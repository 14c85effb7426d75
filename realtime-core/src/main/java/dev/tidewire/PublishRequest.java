package dev.tidewire;

import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.protocol.Topics;
import org.jspecify.annotations.Nullable;

/** Something about to be published, as interceptors see it. Immutable, safe for any thread. */
public final class PublishRequest {

  private final FrameCodec codec;
  private final String topic;
  private final String event;
  private final String json;
  private final PublishOptions options;
  private final @Nullable Identity identity;
  private final @Nullable String exceptSession;

  PublishRequest(
      FrameCodec codec,
      String topic,
      String event,
      String json,
      PublishOptions options,
      @Nullable Identity identity,
      @Nullable String exceptSession) {
    this.codec = codec;
    this.topic = Topics.require(topic);
    if (!Topics.isEvent(event)) {
      throw new IllegalArgumentException("not an event's name: '" + event + "'");
    }
    this.event = event;
    this.json = json;
    this.options = options;
    this.identity = identity;
    this.exceptSession = exceptSession;
  }

  /** Name of the channel. */
  public String topic() {
    return topic;
  }

  /** The event's name. */
  public String event() {
    return event;
  }

  /** The payload as JSON text. */
  public String json() {
    return json;
  }

  /**
   * The payload as a Java value: a map, a record, a bean.
   *
   * @throws Rejection telling the publisher {@code BAD_REQUEST} if it has another shape
   */
  public <T> T as(Class<T> type) {
    return Rejection.unlessRead(codec, json, type);
  }

  /** How it is published. */
  public PublishOptions options() {
    return options;
  }

  /** The client that publishes, or null for the server itself. */
  public @Nullable Identity identity() {
    return identity;
  }

  @Nullable String exceptSession() {
    return exceptSession;
  }

  /** The same with another payload: anything that becomes JSON. */
  public PublishRequest withData(@Nullable Object data) {
    return new PublishRequest(
        codec, topic, event, codec.toJson(data), options, identity, exceptSession);
  }

  /** The same with another event name. */
  public PublishRequest withEvent(String newEvent) {
    return new PublishRequest(codec, topic, newEvent, json, options, identity, exceptSession);
  }

  /** The same with other options. */
  public PublishRequest withOptions(PublishOptions newOptions) {
    return new PublishRequest(codec, topic, event, json, newOptions, identity, exceptSession);
  }
}
