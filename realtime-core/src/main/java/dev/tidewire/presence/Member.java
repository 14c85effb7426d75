package dev.tidewire.presence;

import java.util.List;

/**
 * A user who is present in a channel, whatever the number of tabs and devices. Immutable, safe for
 * any thread.
 *
 * @param userId who
 * @param data the state as a JSON object, that of the connection which tracked last; its {@code
 *     userId} is always the true one
 * @param status online if any connection is, else away
 * @param connections the user's tracked connections, the one that tracked last at the end
 * @param since when the user joined, milliseconds since 1970
 */
public record Member(
    String userId, String data, Status status, List<Link> connections, long since) {

  /** Whether somebody is at the keyboard. */
  public enum Status {
    ONLINE("online"),
    AWAY("away");

    private final String word;

    Status(String word) {
      this.word = word;
    }

    /** The word on the wire. */
    public String word() {
      return word;
    }
  }

  /**
   * One tracked connection of a member.
   *
   * @param id the connection's public name
   * @param data its own state as a JSON object
   * @param status its own status
   */
  public record Link(String id, String data, Status status) {}
}
