package dev.tidewire.benchmarks.fanout;

import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.SendHandler;
import jakarta.websocket.Session;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The measure of all things: what a text costs that the portable API sends to every session of a
 * channel, without envelope, order between publishers, bound, memory or recovery. Safe for any
 * thread.
 */
public final class BareEndpoint extends Endpoint {

  static final String READY = "ready";
  private static final SendHandler IGNORED = result -> {};

  private final ConcurrentMap<String, List<Session>> channels;

  BareEndpoint(ConcurrentMap<String, List<Session>> channels) {
    this.channels = channels;
  }

  static ConcurrentMap<String, List<Session>> channels() {
    return new ConcurrentHashMap<>();
  }

  @Override
  public void onOpen(Session session, EndpointConfig config) {
    session.setMaxIdleTimeout(0);
    List<Session> channel =
        channels.computeIfAbsent(
            session.getPathParameters().get("topic"), topic -> new CopyOnWriteArrayList<>());
    session.addMessageHandler(
        String.class,
        (MessageHandler.Whole<String>)
            text -> {
              for (Session member : channel) {
                member.getAsyncRemote().sendText(text, IGNORED);
              }
            });
    channel.add(session);
    session.getAsyncRemote().sendText(READY, IGNORED);
  }

  @Override
  public void onClose(Session session, CloseReason reason) {
    channels.values().forEach(channel -> channel.remove(session));
  }
}
