package dev.tidewire.demo;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets up the demo's bus; found by the adapter because it implements the interface. Used by the
 * deploying thread alone, but for the question who sends a request.
 */
public final class DemoConfigurer implements RealtimeConfigurer {
  /** Context attribute, a {@link LongConsumer}: sends the clients away within milliseconds. */
  public static final String DRAIN = "demo.drain";

  private static final Logger log = LoggerFactory.getLogger(DemoConfigurer.class);
  private static final long PATIENCE_MS = 10_000;

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
    LongConsumer drain = millis -> drain(realtime, Duration.ofMillis(millis));
    context.setAttribute(DRAIN, drain); // whoever runs the WAR cannot see its classes
    log.info("Node {}: {}, {}", here.name(), here.bus(), opened.database().product());
    if (here.broker() != null && !opened.database().isShared()) {
      log.info("Further nodes need the same database: -Ddb.url=jdbc:postgresql://…");
    }
  }

  private static void drain(Realtime realtime, Duration over) {
    try {
      realtime.drain(over).toCompletableFuture().get(over.toMillis() + PATIENCE_MS, MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      log.warn("Not everybody has gone", e);
    }
  }

  @Override
  public void stopping(Realtime realtime, ServletContext context) {
    context.removeAttribute(Router.class.getName());
    context.removeAttribute(DRAIN);
    if (demo != null) {
      demo.close();
    }
    if (storage != null) {
      storage.close();
    }
  }
}
