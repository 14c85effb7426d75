package dev.tidewire;

import java.util.random.RandomGenerator;

/** Makes random names of {@code 0-9a-z}. Safe for any thread if its generator is. */
final class RandomIds {

  private static final int RADIX = 36;

  /** Bytes from here on would make some characters more likely than others. */
  private static final int UNBIASED = 256 / RADIX * RADIX;

  private final RandomGenerator random;

  RandomIds(RandomGenerator random) {
    this.random = random;
  }

  /** About 5.17 random bits a character: 10 are enough for an epoch, 25 for a secret. */
  String next(int characters) {
    StringBuilder name = new StringBuilder(characters);
    byte[] bytes = new byte[characters + characters / 4];
    while (name.length() < characters) {
      random.nextBytes(bytes);
      for (int i = 0; i < bytes.length && name.length() < characters; i++) {
        int value = bytes[i] & 0xff;
        if (value < UNBIASED) {
          name.append(Character.forDigit(value % RADIX, RADIX));
        }
      }
    }
    return name.toString();
  }
}
