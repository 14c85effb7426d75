package dev.tidewire;

import dev.tidewire.AccessPolicy.Action;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Reply;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks the application's policy, and takes every trouble with it for a no. Safe for any thread. */
final class AccessControl {

  private static final Logger log = LoggerFactory.getLogger(AccessControl.class);

  private final AccessPolicy policy;

  AccessControl(AccessPolicy policy) {
    this.policy = policy;
  }

  boolean admitsGuests() {
    return policy.admitsGuests();
  }

  boolean allows(Identity identity, String topic, Action action) {
    try {
      return policy.allows(identity, topic, action);
    } catch (RuntimeException | Error e) {
      log.atError()
          .addKeyValue("channel", topic)
          .addKeyValue("action", action)
          .setCause(e)
          .log("The access policy failed for {} on {}; refused", action, topic);
      return false;
    }
  }

  boolean canInspect(Identity identity) {
    try {
      return policy.canInspect(identity);
    } catch (RuntimeException | Error e) {
      log.atError()
          .addKeyValue("part", "inspector")
          .setCause(e)
          .log("The access policy failed for the inspector; refused");
      return false;
    }
  }

  /** Whether the members may be counted: who may see them may. */
  boolean allowsCount(Identity identity, String topic) {
    return allows(identity, topic, Action.PRESENCE_COUNT)
        || allows(identity, topic, Action.PRESENCE_READ);
  }

  /** Throws a {@link Rejection} if they may not. */
  void requireCount(Identity identity, String topic) {
    if (!allowsCount(identity, topic)) {
      throw new Rejection(ErrorCode.FORBIDDEN, policy.refusal(topic, Action.PRESENCE_COUNT));
    }
  }

  /** What a client is told when the policy says no; null if it says yes. */
  Reply.@Nullable Failure refusal(Identity identity, String topic, Action action) {
    return allows(identity, topic, action) ? null : refuse(topic, action);
  }

  /** What a client is told when the policy said no. */
  Reply.Failure refuse(String topic, Action action) {
    return Reply.Failure.of(ErrorCode.FORBIDDEN, policy.refusal(topic, action));
  }

  /** What the identity may see of a table; throws a {@link Rejection} if that cannot be told. */
  RowView view(Identity identity, String topic, RowPolicy policy) {
    try {
      return Objects.requireNonNull(policy.of(identity), "the row policy's answer");
    } catch (RuntimeException | Error e) {
      log.atError()
          .addKeyValue("channel", topic)
          .setCause(e)
          .log("The row policy failed on {}; refused", topic);
      throw new Rejection(ErrorCode.FORBIDDEN, this.policy.refusal(topic, Action.SUBSCRIBE));
    }
  }

  /** Throws a {@link Rejection} if the policy says no. */
  void require(Identity identity, String topic, Action action) {
    if (!allows(identity, topic, action)) {
      throw new Rejection(ErrorCode.FORBIDDEN, policy.refusal(topic, action));
    }
  }
}
