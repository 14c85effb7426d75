package dev.tidewire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.transport.Connection;
import dev.tidewire.transport.Frame;
import dev.tidewire.transport.Session;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A client's link whose sends arrive at once, or when the test lets them. Not thread-safe. */
final class ModelLink implements Connection {

  private final Consumer<ModelLink> onEnd;

  /** Topics that this link's session holds on the server. */
  final Set<String> holds = new HashSet<>();

  private boolean atOnce = true;
  private boolean wasSlow;
  private @Nullable Frame flying;
  private @Nullable Completion completion;
  private final List<String> arrived = new ArrayList<>();
  private @Nullable Session session;
  private boolean ended;
  private int closeCode;

  /**
   * @param onEnd called once, when no more frames will be sent
   */
  ModelLink(Consumer<ModelLink> onEnd) {
    this.onEnd = onEnd;
  }

  void attach(Session to) {
    session = to;
    if (ended) {
      to.closed(closeCode);
    }
  }

  Session session() {
    return session;
  }

  void slow(boolean slow) {
    atOnce = !slow;
    wasSlow |= slow;
  }

  /** Whether a send may ever have had to wait. */
  boolean wasSlow() {
    return wasSlow;
  }

  boolean isEnded() {
    return ended;
  }

  /** Whether a send is under way. */
  boolean isBusy() {
    return completion != null;
  }

  /** The code that the server closed it with, or 0. */
  int closeCode() {
    return closeCode;
  }

  @Override
  public void send(Frame frame, Completion onSent) {
    assertThat(completion).as("one send at a time").isNull();
    if (ended) {
      onSent.failed(new IOException("closed"));
    } else if (atOnce) {
      arrived.add(frame.text());
      onSent.sent();
    } else {
      flying = frame;
      completion = onSent;
    }
  }

  /** The send under way arrives; false if there is none. */
  boolean arrive() {
    Completion sent = completion;
    if (sent == null || ended) {
      return false;
    }
    arrived.add(flying.text());
    completion = null;
    sent.sent();
    return true;
  }

  /** What has arrived since the last call. */
  List<String> take() {
    List<String> news = List.copyOf(arrived);
    arrived.clear();
    return news;
  }

  @Override
  public void close(int code, String reason) {
    if (!ended) {
      closeCode = code;
      end();
      if (session != null) {
        session.closed(code);
      }
    }
  }

  /**
   * The client, or the network, ends it, perhaps in the middle of a send.
   *
   * @param arrives whether the send under way still comes through
   * @param tellsSend whether the server notices by the send rather than by the link
   */
  void drop(int code, boolean arrives, boolean tellsSend) {
    if (ended) {
      return;
    }
    Completion unfinished = completion;
    if (arrives && unfinished != null) {
      arrived.add(flying.text());
    }
    end();
    if (tellsSend && unfinished != null) {
      unfinished.failed(new IOException("broken pipe"));
    }
    session.closed(code);
  }

  private void end() {
    ended = true;
    completion = null;
    flying = null;
    onEnd.accept(this);
  }

  @Override
  public String remoteAddress() {
    return "192.0.2.1";
  }
}
