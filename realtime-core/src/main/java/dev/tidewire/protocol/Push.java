package dev.tidewire.protocol;

import dev.tidewire.channel.Position;
import dev.tidewire.presence.Occupancy;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A frame the server sends unasked, other than a publication (see {@link
 * dev.tidewire.channel.Publication#frame()}). Immutable, safe for any thread.
 */
public sealed interface Push {

  /** Name of the event where pushes are events: on a stream of server-sent events. */
  String event();

  /** The channel it tells of, or null. */
  default @Nullable String topic() {
    return null;
  }

  /** Where in the channel a client stands that got this, or null. */
  default @Nullable Position position() {
    return null;
  }

  /**
   * The connection stands and its identity is settled.
   *
   * @param connection public name of the connection
   * @param session secret that proves to be the same client
   */
  record Welcome(
      String connection,
      String session,
      String userId,
      long pingIntervalMs,
      long pongTimeoutMs,
      int maxFrameBytes)
      implements Push {
    @Override
    public String event() {
      return "welcome";
    }
  }

  /** The first frame of a stream: the welcome, and what the stream tells of. */
  record Connected(List<String> topics, Welcome welcome) implements Push {
    @Override
    public String event() {
      return "connected";
    }
  }

  /**
   * A channel of a stream stands: all that was missed is told, and everything after {@code
   * position} will be.
   *
   * @param recovered whether nothing was missed since the cursor; null if there was none
   */
  record Subscribed(String topic, Position position, @Nullable Boolean recovered) implements Push {
    @Override
    public String event() {
      return "subscribed";
    }
  }

  /** The last frame of a stream: why it ends, as a WebSocket's close code. */
  record Closing(int code, String reason) implements Push {
    @Override
    public String event() {
      return "close";
    }
  }

  /** A member joined, changed or left. */
  record Presence(PresenceDiff diff) implements Push {
    @Override
    public String event() {
      return diff.change().event();
    }

    @Override
    public String topic() {
      return diff.topic();
    }
  }

  /**
   * Several differences at once.
   *
   * @param from the revision that they change
   * @param revision the one that they lead to
   * @param changes what became of each member; none if nothing did in the end
   */
  record PresenceChanges(String topic, long from, long revision, List<PresenceDiff> changes)
      implements Push {
    @Override
    public String event() {
      return "presence:diff";
    }
  }

  /** How many members a channel has. */
  record Count(Occupancy occupancy) implements Push {
    @Override
    public String event() {
      return "presence_count";
    }

    @Override
    public String topic() {
      return occupancy.topic();
    }
  }

  /**
   * Everybody in a channel.
   *
   * @param limit at most so many are told
   */
  record Members(PresenceState state, int limit) implements Push {
    @Override
    public String event() {
      return "presence_state";
    }

    @Override
    public String topic() {
      return state.topic();
    }
  }

  /** What was missed cannot be told: load again and go on from {@code position}. */
  record Reset(String topic, String reason, Position position) implements Push {
    @Override
    public String event() {
      return "reset";
    }
  }

  /** How to reconnect: wait a random time between the bounds, or not at all. */
  record Advice(boolean retry, long minDelayMs, long maxDelayMs) implements Push {
    @Override
    public String event() {
      return "advice";
    }
  }

  /** The answer to a ping. */
  record Pong() implements Push {
    @Override
    public String event() {
      return "pong";
    }
  }
}
