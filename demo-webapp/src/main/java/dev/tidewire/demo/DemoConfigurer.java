package dev.tidewire.demo;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.demo.web.Router;
import dev.tidewire.jakarta.EndpointOptions;
import dev.tidewire.jakarta.HandshakePolicy;
import dev.tidewire.jakarta.RealtimeConfigurer;
import dev.tidewire.sync.DocumentOptions;
import jakarta.servlet.ServletContext;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Sets up the demo's bus; found by the adapter because it implements the interface. Used by the
 * deploying thread alone.
 */
public final class DemoConfigurer implements RealtimeConfigurer {
  private final Visitors visitors = new Visitors();
  private @Nullable Storage storage;
  private @Nullable Demo demo;

  /** Visitors are who their HTTP session says; whoever has none is a guest. */
  @Override
  public EndpointOptions endpoints(ServletContext context) {
    return EndpointOptions.defaults()
        .handshake(HandshakePolicy.sameOrigin().identity(visitors::identity));
  }

  @Override
  public void configure(Realtime.Builder realtime, ServletContext context) {
    Storage opened = Storage.open(Settings.of(context));
    storage = opened;
    realtime
        .history(opened.history())
        .documents(DocumentOptions.in(opened.documents()))
        .access(AccessPolicy.open())
        .channels("chat/*", options -> options.retain(1_000, Duration.ofHours(1)));
  }

  @Override
  public void started(Realtime realtime, ServletContext context) {
    Storage opened = Objects.requireNonNull(storage, "configured first");
    demo = new Demo(opened.database(), realtime, visitors);
    context.setAttribute(Router.class.getName(), demo.router());
  }

  @Override
  public void stopping(Realtime realtime, ServletContext context) {
    context.removeAttribute(Router.class.getName());
    if (demo != null) {
      demo.close();
    }
    if (storage != null) {
      storage.close();
    }
  }
}
