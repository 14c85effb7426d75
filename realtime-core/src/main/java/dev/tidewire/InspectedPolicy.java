package dev.tidewire;

import java.util.Objects;
import java.util.function.Predicate;

/**
 * A policy with somebody to inspect the bus; all else as before. As safe for any thread as its
 * parts.
 */
record InspectedPolicy(AccessPolicy policy, Predicate<Identity> inspectors)
    implements AccessPolicy {

  InspectedPolicy {
    Objects.requireNonNull(inspectors, "inspectors");
  }

  @Override
  public boolean allows(Identity identity, String topic, Action action) {
    return policy.allows(identity, topic, action);
  }

  @Override
  public String refusal(String topic, Action action) {
    return policy.refusal(topic, action);
  }

  @Override
  public boolean admitsGuests() {
    return policy.admitsGuests();
  }

  @Override
  public boolean canInspect(Identity identity) {
    return inspectors.test(identity);
  }
}
