package dev.tidewire.demo;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import dev.tidewire.broker.Broker;
import dev.tidewire.demo.web.Router;
import dev.tidewire.jakarta.EndpointOptions;
import dev.tidewire.jakarta.HandshakePolicy;
import dev.tidewire.jakarta.RealtimeConfigurer;
import dev.tidewire.sync.DocumentOptions;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets up the demo's bus; found by the adapter because it implements the interface. Used by the
 * deploying thread alone, but for the question who sends a request.
 */
public final class DemoConfigurer implements RealtimeConfigurer {
  private static final Logger LOG = LoggerFactory.getLogger(DemoConfigurer.class);

  private volatile @Nullable Visitors visitors;
  private @Nullable Storage storage;
  private @Nullable Node node;
  private @Nullable Demo demo;

  /** Visitors are who their cookie says; whoever has none is a guest. */
  @Override
  public EndpointOptions endpoints(ServletContext context) {
    return EndpointOptions.defaults()
        .inspector()
        .handshake(HandshakePolicy.sameOrigin().identity(this::identity));
  }

  private @Nullable Identity identity(HttpServletRequest request) {
    return Operator.of(
        Objects.requireNonNull(visitors, "configured first").identity(request), request);
  }

  @Override
  public void configure(Realtime.Builder realtime, ServletContext context) {
    Settings settings = Settings.of(context);
    Node here = Node.of(settings);
    Storage opened;
    try {
      opened = Storage.open(settings);
    } catch (RuntimeException e) {
      here.leave();
      throw e;
    }
    node = here;
    storage = opened;
    visitors = new Visitors(opened.database());
    Broker broker = here.broker();
    if (broker != null) {
      realtime.broker(broker);
    }
    realtime
        .history(opened.history())
        .documents(DocumentOptions.in(opened.documents()))
        .access(AccessPolicy.open().inspectedBy(Operator::is))
        .channels("chat/*", options -> options.retain(1_000, Duration.ofHours(1)));
  }

  @Override
  public void started(Realtime realtime, ServletContext context) {
    Storage opened = Objects.requireNonNull(storage, "configured first");
    Node here = Objects.requireNonNull(node, "configured first");
    demo = new Demo(opened.database(), realtime, Objects.requireNonNull(visitors), here);
    context.setAttribute(Router.class.getName(), demo.router());
    LOG.info("Node {}: {}, {}", here.name(), here.bus(), opened.database().product());
    if (here.broker() != null && !opened.database().isShared()) {
      LOG.info("Further nodes need the same database: -Ddb.url=jdbc:postgresql://…");
    }
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
