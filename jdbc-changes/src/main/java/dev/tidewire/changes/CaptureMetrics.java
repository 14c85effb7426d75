package dev.tidewire.changes;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.ToDoubleFunction;

/**
 * A capture's {@linkplain ChangeCapture#statistics statistics} as Micrometer meters, and how long
 * it takes from a commit to the bus; all are named {@code tidewire.capture.…} or {@code
 * tidewire.outbox.…}. The only class of the capture that needs Micrometer, which the application
 * brings.
 *
 * <p>The meters are taken out of their registries when the capture is closed, or with {@link
 * #close}. Safe for any thread.
 */
public final class CaptureMetrics implements MeterBinder, AutoCloseable {

  private static final List<Integer> BUCKET_MILLIS = List.of(1, 5, 10, 30, 100, 300, 1_000, 10_000);

  private final ChangeCapture capture;
  private final Tags tags;
  private final List<Runnable> bound = new CopyOnWriteArrayList<>();

  private CaptureMetrics(ChangeCapture capture, Iterable<Tag> tags) {
    this.capture = capture;
    this.tags = Tags.of(tags);
    capture.closeWith(this::close);
  }

  /** The meters of a capture. */
  public static CaptureMetrics of(ChangeCapture capture) {
    return of(capture, Tags.empty());
  }

  /** The same with tags on each, where several captures share a registry. */
  public static CaptureMetrics of(ChangeCapture capture, Iterable<Tag> tags) {
    return new CaptureMetrics(capture, tags);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Timer latency =
        Timer.builder("tidewire.capture.latency")
            .description("from a commit to the moment when the broker has all of it")
            .serviceLevelObjectives(
                BUCKET_MILLIS.stream().map(Duration::ofMillis).toArray(Duration[]::new))
            .tags(tags)
            .register(registry);
    LongConsumer timer = nanos -> latency.record(nanos, TimeUnit.NANOSECONDS);
    capture.counters().time(timer);
    bound.add(() -> capture.counters().stopTiming(timer));
    added(registry, latency);
    counter(registry, "published", CaptureStatistics::published);
    counter(registry, "reset", CaptureStatistics::resets);
    counter(registry, "failed", CaptureStatistics::failed);
    gauge(registry, "tidewire.capture.queue", "row changes that wait", CaptureStatistics::waiting);
    gauge(
        registry, "tidewire.outbox.backlog", "transactions that wait", CaptureStatistics::backlog);
  }

  private void counter(
      MeterRegistry registry, String outcome, ToDoubleFunction<CaptureStatistics> value) {
    added(
        registry,
        FunctionCounter.builder(
                "tidewire.capture.changes", capture, c -> value.applyAsDouble(c.statistics()))
            .tags(tags.and("outcome", outcome))
            .register(registry));
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      String about,
      ToDoubleFunction<CaptureStatistics> value) {
    added(
        registry,
        Gauge.builder(name, capture, c -> value.applyAsDouble(c.statistics()))
            .description(about)
            .tags(tags)
            .register(registry));
  }

  private void added(MeterRegistry registry, Meter meter) {
    bound.add(() -> registry.remove(meter));
  }

  /** Takes the meters out of their registries. */
  @Override
  public void close() {
    bound.forEach(Runnable::run);
    bound.clear();
  }
}
