package dev.tidewire;

import java.util.function.Predicate;

/**
 * Decides who may do what on which channel. Asked for every command of a client, never for what the
 * server itself does. An exception counts as no.
 *
 * <p>Runs on the thread that delivered the command and may block; it then slows that one client.
 * Must be safe for any thread.
 */
@FunctionalInterface
public interface AccessPolicy {

  /**
   * Whether {@code identity} may do {@code action} on {@code topic}.
   *
   * @param topic the channel's name; for {@link Action#CALL} the method's name
   */
  boolean allows(Identity identity, String topic, Action action);

  /** What the client is told when the answer is no. */
  default String refusal(String topic, Action action) {
    return "not allowed to " + action.word() + " '" + topic + "'";
  }

  /** Whether connections without any login are let in as guests; no by default. */
  default boolean admitsGuests() {
    return false;
  }

  /**
   * Whether {@code identity} may use the {@link Inspector}, which tells of everybody: user ids,
   * network addresses, who subscribes to what. No by default, and also with {@link #open}: that
   * everybody may read all channels does not mean that they may see each other's addresses.
   */
  default boolean canInspect(Identity identity) {
    return false;
  }

  /** The same policy, with these identities let in to the {@link Inspector}. */
  default AccessPolicy inspectedBy(Predicate<Identity> inspectors) {
    return new InspectedPolicy(this, inspectors);
  }

  /**
   * Everybody, also without a login, may do everything with channels. For demos and public data.
   */
  static AccessPolicy open() {
    return new AccessPolicy() {
      @Override
      public boolean allows(Identity identity, String topic, Action action) {
        return true;
      }

      @Override
      public boolean admitsGuests() {
        return true;
      }
    };
  }

  /** Nobody may do anything: what applies until an application chooses its policy. */
  static AccessPolicy denyAll() {
    return new AccessPolicy() {
      @Override
      public boolean allows(Identity identity, String topic, Action action) {
        return false;
      }

      @Override
      public String refusal(String topic, Action action) {
        return "no access policy is set, so nothing is allowed: give one to"
            + " Realtime.builder().access(...), for example AccessPolicy.open()";
      }
    };
  }

  /** What a client wants to do. */
  enum Action {
    /** Receive the publications of a channel, live or recovered. */
    SUBSCRIBE("subscribe to"),
    /** Publish to a channel. */
    PUBLISH("publish to"),
    /** See who is in a channel. */
    PRESENCE_READ("see who is in"),
    /** Know how many are in a channel; who may see them may, too. */
    PRESENCE_COUNT("count who is in"),
    /** Be seen in a channel. */
    PRESENCE_WRITE("be present in"),
    /** Read the persisted messages of a channel. */
    HISTORY("read the history of"),
    /** Call a method of the application. */
    CALL("call");

    private final String word;

    Action(String word) {
      this.word = word;
    }

    String word() {
      return word;
    }
  }
}
