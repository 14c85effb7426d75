package dev.tidewire.testing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A client's link that records what it is sent, and completes the sends as it is told to. Like an
 * adapter it tells its session that it closed. Safe for any thread.
 */
public final class FakeConnection implements Connection {

  /** Why a connection was closed. */
  public record Closed(int code, String reason) {}

  private final List<String> messages = new ArrayList<>();
  // Those of the first messages; guarded by the messages.
  private final List<JsonNode> frames = new ArrayList<>();
  private int read;
  private final AtomicBoolean sending = new AtomicBoolean();
  private final List<String> violations = new CopyOnWriteArrayList<>();
  private final AtomicReference<@Nullable Closed> closed = new AtomicReference<>();
  private final AtomicReference<@Nullable Completion> stalled = new AtomicReference<>();
  private volatile @Nullable Session session;
  private volatile boolean reportsClose = true;
  private volatile Sending behaviour = Sending.AT_ONCE;

  /** What a send does after it was recorded. */
  @FunctionalInterface
  public interface Sending {

    /** Completes before the call returns. */
    Sending AT_ONCE = (connection, completion) -> completion.sent();

    /** Does not complete until {@link FakeConnection#release}. */
    Sending STALL = (connection, completion) -> connection.stalled.set(completion);

    /** Fails before the call returns. */
    Sending FAIL = (connection, completion) -> completion.failed(new java.io.IOException("broken"));

    /** Throws, which it must not. */
    Sending THROW =
        (connection, completion) -> {
          throw new IllegalStateException("closed meanwhile");
        };

    /** Completes on another thread. */
    static Sending on(Executor executor) {
      return (connection, completion) -> executor.execute(completion::sent);
    }

    void sent(FakeConnection connection, Completion completion);
  }

  public FakeConnection behave(Sending how) {
    behaviour = how;
    return this;
  }

  /** The adapter does not notice that the link is gone. */
  public FakeConnection reportsNoClose() {
    reportsClose = false;
    return this;
  }

  /** The session to tell when the link is closed. */
  public void attach(Session to) {
    session = to;
    Closed already = closed.get();
    if (already != null && reportsClose) {
      to.closed(already.code());
    }
  }

  @Override
  public void send(Frame frame, Completion completion) {
    if (!sending.compareAndSet(false, true)) {
      violations.add("two sends at once");
    }
    synchronized (messages) {
      messages.add(frame.text());
    }
    behaviour.sent(
        this,
        new Completion() {
          @Override
          public void sent() {
            sending.set(false);
            completion.sent();
          }

          @Override
          public void failed(Throwable cause) {
            sending.set(false);
            completion.failed(cause);
          }
        });
  }

  /** Lets the stalled send complete; those after it behave as told. */
  public void release(Sending next) {
    behaviour = next;
    Completion waiting = stalled.getAndSet(null);
    assertThat(waiting).as("a stalled send").isNotNull();
    waiting.sent();
  }

  public boolean isStalled() {
    return stalled.get() != null;
  }

  @Override
  public void close(int code, String reason) {
    if (closed.compareAndSet(null, new Closed(code, reason))) {
      Session to = session;
      if (to != null && reportsClose) {
        to.closed(code);
      }
    }
  }

  /** The client, or the network, closes. */
  public void drop(int code) {
    close(code, "");
  }

  @Override
  public String remoteAddress() {
    return "192.0.2.1";
  }

  public @Nullable Closed closed() {
    return closed.get();
  }

  /** The messages as they were sent, each of one or more frames. */
  public List<String> messages() {
    return messages(0);
  }

  /** The same without the first ones. */
  public List<String> messages(int from) {
    assertThat(violations).isEmpty();
    synchronized (messages) {
      return List.copyOf(messages.subList(from, messages.size()));
    }
  }

  /** The frames so far. */
  public List<JsonNode> frames() {
    assertThat(violations).isEmpty();
    synchronized (messages) {
      while (read < messages.size()) {
        frames.addAll(Json.frames(messages.get(read++)));
      }
      return List.copyOf(frames);
    }
  }

  /** The frames of a type so far. */
  public List<JsonNode> frames(String type) {
    return frames().stream().filter(f -> f.get("type").asString().equals(type)).toList();
  }
}
