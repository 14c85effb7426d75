package dev.tidewire.inspector;

import dev.tidewire.channel.Position;
import java.util.List;

/**
 * What became of one event for one user or connection, as far as the bus knows it afterwards.
 * Immutable, safe for any thread.
 *
 * @param topic name of the channel
 * @param position place of the event in it
 * @param verdict the furthest that it came
 * @param words the same in a sentence
 * @param captured whether the channel has it, and where it came from
 * @param authorised where nobody is connected whom the policy could be asked about, says so
 * @param deliveries one for each connection of the user, at most {@link #MAX_DELIVERIES}
 */
public record Explanation(
    String topic,
    Position position,
    Verdict verdict,
    String words,
    Step captured,
    Step authorised,
    List<Delivery> deliveries) {

  /** Connections of one user that are looked at. */
  public static final int MAX_DELIVERIES = 50;

  public Explanation {
    deliveries = List.copyOf(deliveries);
  }

  /** How far an event came; the further, the later in this list. */
  public enum Verdict {
    /** The channel has not come so far. */
    NOT_PUBLISHED,
    /** The position belongs to another life of the stream. */
    OTHER_LIFE,
    /** The user has no connection to this node now. */
    NOT_CONNECTED,
    /** No subscription to the channel. */
    NOT_SUBSCRIBED,
    /** The subscription began after the event, and did not ask for what came before. */
    SUBSCRIBED_LATER,
    /** The client's own condition left it out. */
    FILTERED,
    /** The row policy hides the row. */
    HIDDEN,
    /** The connection published it itself and wanted no copy. */
    OWN,
    /** Too old to tell whether the subscription's rows were among it. */
    EVICTED,
    /** The node may have missed it and told a reset in its place. */
    LOST,
    /** The client said that it had read so far already. */
    READ_BEFORE,
    /** The subscription is being opened; what is published meanwhile waits for that. */
    STARTING,
    /** The broker has it, this node has not delivered it yet. */
    ON_ITS_WAY,
    /** It waits in the connection's queue. */
    WAITING,
    /** Sent, or left out because the reader was behind and the channel allows that. */
    SENT_OR_LEFT_OUT,
    /** In the message that the connection is sending, and has not said to be sent. */
    SENDING,
    /** Told with the acknowledgement of the subscription. */
    RECOVERED,
    /** Handed to the network. */
    SENT
  }

  /** Whether a step was taken. */
  public enum Answer {
    YES,
    NO,
    /** It cannot be told; the words say why. */
    UNKNOWN,
    /** An earlier step was not taken. */
    NOT_REACHED
  }

  /**
   * One step on the way, in words.
   *
   * @param words a sentence without payloads
   */
  public record Step(Answer answer, String words) {

    /** It was taken. */
    public static Step yes(String words) {
      return new Step(Answer.YES, words);
    }

    /** It was not taken. */
    public static Step no(String words) {
      return new Step(Answer.NO, words);
    }

    /** It cannot be told whether it was taken. */
    public static Step unknown(String words) {
      return new Step(Answer.UNKNOWN, words);
    }

    /** An earlier step was not taken. */
    public static Step notReached() {
      return new Step(Answer.NOT_REACHED, "");
    }
  }

  /**
   * What became of it on one connection.
   *
   * @param matched whether a subscription of the connection covers it
   * @param authorised what the policies answer now
   * @param queued whether it was given to the connection's queue
   * @param sent whether it left the queue
   */
  public record Delivery(
      LiveConnection connection,
      Verdict verdict,
      Step matched,
      Step authorised,
      Step queued,
      Step sent) {}
}
