package dev.tidewire;

import java.util.random.RandomGenerator;

/** Makes random names of {@code 0-9a-z}. Safe for any thread if its generator is. */
final class RandomIds {

  private static final int RADIX = 36;

  private final RandomGenerator random;

  RandomIds(RandomGenerator random) {
    this.random = random;
  }

  /** About 5.17 random bits a character: 10 are enough for an epoch, 25 for a secret. */
  String next(int characters) {
    StringBuilder name = new StringBuilder(characters);
    for (int i = 0; i < characters; i++) {
      name.append(Character.forDigit(random.nextInt(RADIX), RADIX));
    }
    return name.toString();
  }
}
