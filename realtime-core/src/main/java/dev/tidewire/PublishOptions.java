package dev.tidewire;

import org.jspecify.annotations.Nullable;

/**
 * How something is published. Immutable, safe for any thread.
 *
 * @param persist whether it also goes to the channel's history
 * @param key a repeat of the key by the same user on the same channel within five minutes publishes
 *     nothing and gets the first answer; null for none
 * @param userId who is named as the publisher; null for the server itself
 */
public record PublishOptions(boolean persist, @Nullable String key, @Nullable String userId) {

  /** Deliver only. */
  public static final PublishOptions NONE = new PublishOptions(false, null, null);

  /** Deliver and keep in the history. */
  public static PublishOptions persisted() {
    return new PublishOptions(true, null, null);
  }

  /** The same with an idempotency key. */
  public PublishOptions withKey(String newKey) {
    return new PublishOptions(persist, newKey, userId);
  }

  /** The same in the name of a user. */
  public PublishOptions as(String newUserId) {
    return new PublishOptions(persist, key, newUserId);
  }
}
