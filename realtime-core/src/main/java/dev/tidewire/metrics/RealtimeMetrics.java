package dev.tidewire.metrics;

import dev.tidewire.Health;
import dev.tidewire.Limit;
import dev.tidewire.Realtime;
import dev.tidewire.Statistics;
import dev.tidewire.Statistics.Reset;
import dev.tidewire.transport.Transport;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import java.util.function.ToDoubleFunction;

/**
 * The {@linkplain Realtime#statistics statistics} of a bus as Micrometer meters, all named {@code
 * tidewire.…}; their tags are transports, reasons, limits and the like, never channels or users.
 * Reading them costs one look at the bus a second, however many are read.
 *
 * <pre>{@code
 * RealtimeMetrics.of(realtime).bindTo(registry);
 * }</pre>
 *
 * <p>The meters are taken out of their registries when the bus is closed, or with {@link #close}.
 * Safe for any thread.
 */
public final class RealtimeMetrics implements MeterBinder, AutoCloseable {

  private final Looks looks;
  private final Tags tags;
  private final List<Bound> bound = new CopyOnWriteArrayList<>();

  private record Bound(MeterRegistry registry, Meter meter) {}

  RealtimeMetrics(Realtime realtime, Iterable<Tag> tags, LongSupplier nanoTime) {
    this.looks = new Looks(realtime, nanoTime);
    this.tags = Tags.of(tags);
    realtime.closeWith(this);
  }

  /** The meters of a bus. */
  public static RealtimeMetrics of(Realtime realtime) {
    return of(realtime, Tags.empty());
  }

  /** The same with tags on each, where several buses share a registry. */
  public static RealtimeMetrics of(Realtime realtime, Iterable<Tag> tags) {
    return new RealtimeMetrics(realtime, tags, System::nanoTime);
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    for (Transport transport : Transport.values()) {
      gauge(
          registry,
          "tidewire.connections",
          "live connections",
          s -> s.connections().getOrDefault(transport, 0),
          "transport",
          transport.name());
    }
    counter(registry, "tidewire.connections.opened", "", s -> s.connectionsOpened());
    gauge(registry, "tidewire.channels", "channels with a subscriber", s -> s.channels());
    gauge(registry, "tidewire.channels.held", "channels in memory", s -> s.channelsInMemory());
    gauge(registry, "tidewire.subscriptions", "subscriptions", s -> s.subscriptions());
    bindPublications(registry);
    bindDelivery(registry);
    bindRecovery(registry);
    gauge(registry, "tidewire.presence", "presences of connections", s -> s.presence().present());
    counter(registry, "tidewire.presence.changes", "", s -> s.presence().changes());
    bindRefusals(registry);
    for (Health.Status status : Health.Status.values()) {
      register(
          registry,
          Gauge.builder("tidewire.health", looks, now -> now.health() == status ? 1 : 0)
              .description("1 for the status that the bus is in")
              .tags(with("status", status.name()))
              .register(registry));
    }
  }

  private void bindPublications(MeterRegistry registry) {
    String name = "tidewire.publications";
    counter(registry, name, "", s -> s.publishing().accepted(), "outcome", "accepted");
    counter(registry, name, "", s -> s.publishing().repeated(), "outcome", "repeated");
    counter(registry, name, "", s -> s.publishing().failed(), "outcome", "failed");
    gauge(
        registry,
        "tidewire.publications.active",
        "publications that the broker has not answered",
        s -> s.publishing().underWay());
  }

  private void bindDelivery(MeterRegistry registry) {
    counter(registry, "tidewire.deliveries", "", s -> s.delivery().deliveries());
    counter(registry, "tidewire.sent.messages", "", s -> s.delivery().messages());
    counter(registry, "tidewire.sent", "bytes", s -> s.delivery().bytes());
    counter(registry, "tidewire.readers.slow", "", s -> s.delivery().slowReaders());
    bytes(registry, "tidewire.queue", "wait for all clients", s -> s.delivery().waitingBytes());
    bytes(
        registry,
        "tidewire.queue.longest",
        "wait for the slowest client",
        s -> s.delivery().longestQueueBytes());
  }

  private void bindRecovery(MeterRegistry registry) {
    counter(registry, "tidewire.recoveries", "", s -> s.recovery().complete());
    for (Reset reason : Reset.values()) {
      counter(
          registry,
          "tidewire.resets",
          "",
          s -> s.recovery().resets().getOrDefault(reason, 0L),
          "reason",
          reason.name());
    }
  }

  private void bindRefusals(MeterRegistry registry) {
    for (Limit limit : Limit.values()) {
      counter(
          registry,
          "tidewire.refusals",
          "",
          s -> s.refusals().getOrDefault(limit, 0L),
          "limit",
          limit.name());
    }
    counter(registry, "tidewire.refusals", "", s -> s.refusedWhileDraining(), "limit", "drain");
  }

  private void gauge(
      MeterRegistry registry,
      String name,
      String about,
      ToDoubleFunction<Statistics> value,
      String... tag) {
    register(
        registry,
        Gauge.builder(name, looks, now -> value.applyAsDouble(now.statistics()))
            .description(about)
            .tags(with(tag))
            .register(registry));
  }

  private void bytes(
      MeterRegistry registry, String name, String about, ToDoubleFunction<Statistics> value) {
    register(
        registry,
        Gauge.builder(name, looks, now -> value.applyAsDouble(now.statistics()))
            .description("bytes that " + about)
            .baseUnit("bytes")
            .tags(tags)
            .register(registry));
  }

  private void counter(
      MeterRegistry registry,
      String name,
      String unit,
      ToDoubleFunction<Statistics> value,
      String... tag) {
    FunctionCounter.Builder<Looks> counter =
        FunctionCounter.builder(name, looks, now -> value.applyAsDouble(now.statistics()))
            .tags(with(tag));
    register(registry, (unit.isEmpty() ? counter : counter.baseUnit(unit)).register(registry));
  }

  /** The tags of all and one more, in lower case. */
  private Tags with(String... tag) {
    return tag.length == 0 ? tags : tags.and(tag[0], tag[1].toLowerCase(Locale.ROOT));
  }

  private void register(MeterRegistry registry, Meter meter) {
    bound.add(new Bound(registry, meter));
  }

  /** Takes the meters out of their registries. */
  @Override
  public void close() {
    bound.forEach(each -> each.registry().remove(each.meter()));
    bound.clear();
  }
}
