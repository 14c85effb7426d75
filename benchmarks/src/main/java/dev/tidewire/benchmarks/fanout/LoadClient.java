package dev.tidewire.benchmarks.fanout;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * All connections of a scenario, in one thread on one selector: publishes, and checks what every
 * member gets. For one thread.
 */
final class LoadClient implements AutoCloseable, Link.Listener {

  private static final int BUFFER_BYTES = 1 << 18;
  private static final int HANDSHAKES = 64;

  private static final Duration PATIENCE = Duration.ofSeconds(60);

  /** How long a copy too many is waited for after the last one expected. */
  private static final Duration AFTERMATH = Duration.ofMillis(200);

  private final Scenario scenario;
  private final Wire wire;
  private final int port;
  private final boolean awake;
  private final Payload payload;
  private final Deliveries deliveries;
  private final Selector selector = Selector.open();
  private final List<Link> links = new ArrayList<>();
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private final int[] publishers;
  private int answers;
  private int own;
  private long published;
  private long messages;

  /**
   * @param awake whether to wait without sleeping. Who sends to a thread that sleeps in the same
   *     machine pays for waking it, more than for a whole delivery where processors are virtual;
   *     and the slower server finds it asleep more often. A server that is asked over a network
   *     never pays that.
   */
  LoadClient(Scenario scenario, Wire wire, int port, int payloadBytes, boolean awake)
      throws IOException {
    this.awake = awake;
    this.scenario = scenario;
    this.wire = wire;
    this.port = port;
    this.payload = new Payload(payloadBytes);
    this.deliveries = new Deliveries(scenario);
    this.publishers = new int[scenario.channels()];
  }

  Deliveries deliveries() {
    return deliveries;
  }

  /** Opens connections until there are {@code count}; returns when all of them hear everything. */
  void connect(int count) throws IOException {
    answers = links.size();
    while (answers < count) {
      while (links.size() < count && links.size() - answers < HANDSHAKES) {
        int number = links.size();
        Link link = new Link(number, port, wire.path(channelOf(number)), this);
        link.socket().register(selector, SelectionKey.OP_READ, link);
        links.add(link);
      }
      awaitNews("the connections are not there");
    }
  }

  int connections() {
    return links.size();
  }

  /** Makes the connections from the one of this number on present in their channels. */
  void enter(int from) throws IOException {
    answers = 0;
    int awaited = 0;
    for (Link link : links.subList(from, links.size())) {
      for (String frame : wire.presence(channelOf(link.number()))) {
        link.send(frame.getBytes(US_ASCII));
        awaited++;
      }
      while (awaited - answers >= HANDSHAKES) {
        awaitNews("connections do not get present");
      }
    }
    while (answers < awaited) {
      awaitNews("connections do not get present");
    }
  }

  private int channelOf(int connection) {
    return connection / scenario.members();
  }

  /**
   * Publishes, and returns when everybody has everything.
   *
   * @param rate publications a second, or 0 for as many as the window allows
   */
  void publish(long publications, int rate) throws IOException {
    long first = published;
    long start = System.nanoTime();
    while (published < first + publications || deliveries.inFlight() > 0) {
      while (published < first + publications && mayPublish(start, published - first, rate)) {
        publishNext(due(start, published - first, rate));
      }
      if (rate > 0 && published < first + publications) {
        long wait = due(start, published - first, rate) - System.nanoTime();
        poll(Math.max(0, TimeUnit.NANOSECONDS.toMillis(wait)));
      } else {
        awaitNews(deliveries.inFlight() + " publications did not reach everybody");
      }
    }
  }

  private static long due(long start, long index, int rate) {
    return rate == 0 ? System.nanoTime() : start + index * TimeUnit.SECONDS.toNanos(1) / rate;
  }

  private boolean mayPublish(long start, long index, int rate) {
    if (rate > 0) {
      return System.nanoTime() >= due(start, index, rate);
    }
    // Where a publication is to be measured alone, none may wait for another in the warm-up,
    // either:
    // a server that joins those that wait would have warmed up with a fraction of the messages.
    return scenario.kind() == Scenario.Kind.LATENCY
        ? deliveries.inFlight() == 0
        : own < scenario.window() && deliveries.inFlight() < scenario.bound();
  }

  private void publishNext(long due) throws IOException {
    int channel = (int) (published % scenario.channels());
    if (deliveries.isIdle(channel)) { // the order of two publishers would be anybody's guess
      publishers[channel] = (publishers[channel] + 1) % scenario.members();
    }
    int member = publishers[channel];
    long number = deliveries.publish(channel);
    own++;
    links
        .get(channel * scenario.members() + member)
        .send(wire.publish(channel, payload.of(number, due)));
    published++;
  }

  /** Listens a moment longer: a copy too many would fail now. */
  void awaitSilence() throws IOException {
    long end = System.nanoTime() + AFTERMATH.toNanos();
    while (System.nanoTime() < end) {
      poll(AFTERMATH.toMillis());
    }
  }

  private void awaitNews(String problem) throws IOException {
    if (poll(PATIENCE.toMillis()) == 0) {
      throw new IOException("nothing came for " + PATIENCE.toSeconds() + " s: " + problem);
    }
  }

  /** Zero milliseconds: only looks. */
  private int poll(long milliseconds) throws IOException {
    int ready = awake || milliseconds == 0 ? look(milliseconds) : selector.select(milliseconds);
    for (SelectionKey key : selector.selectedKeys()) {
      ((Link) key.attachment()).read(buffer);
    }
    selector.selectedKeys().clear();
    return ready;
  }

  private int look(long milliseconds) throws IOException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(milliseconds);
    int ready = selector.selectNow();
    while (ready == 0 && System.nanoTime() < end) {
      Thread.onSpinWait();
      ready = selector.selectNow();
    }
    return ready;
  }

  @Override
  public void opened(Link link) throws IOException {
    for (String frame : wire.greeting(channelOf(link.number()))) {
      link.send(frame.getBytes(US_ASCII));
    }
  }

  @Override
  public void message(Link link, byte[] bytes, int from, int to) {
    long before = deliveries.total();
    int lineFrom = from;
    for (int at = from; at <= to; at++) {
      if (at == to || bytes[at] == '\n') {
        frame(link, bytes, lineFrom, at);
        lineFrom = at + 1;
      }
    }
    if (deliveries.total() > before) {
      messages++;
    }
  }

  /** WebSocket messages with deliveries so far. */
  long messages() {
    return messages;
  }

  private void frame(Link link, byte[] bytes, int from, int to) {
    int at = to - wire.trailer() - payload.size();
    if (at >= from && payload.isAt(bytes, at)) {
      deliveries.receive(link.number(), payload.number(bytes, at), payload.nanos(bytes, at));
      int channel = channelOf(link.number());
      if (link.number() == channel * scenario.members() + publishers[channel]) {
        own--;
      }
      return;
    }
    String text = new String(bytes, from, to - from, US_ASCII);
    if (text.contains("\"type\":\"error\"") || text.contains("\"type\":\"reset\"")) {
      throw new IllegalStateException("the server refuses: " + text);
    }
    if (wire.isAnswer(text)) {
      answers++;
    }
  }

  @Override
  public void close() throws IOException {
    for (Link link : links) {
      link.close();
    }
    selector.close();
  }
}
