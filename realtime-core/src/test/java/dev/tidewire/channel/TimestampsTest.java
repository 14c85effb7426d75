package dev.tidewire.channel;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;

class TimestampsTest {

  private static final DateTimeFormatter ISO =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);
  private static final long YEAR_0 = -62_167_219_200_000L;
  private static final long END_OF_YEAR_9999 = 253_402_300_799_999L;

  @Property
  void everyInstantIsWrittenAsTheLibraryWritesIt(
      @ForAll @LongRange(min = YEAR_0, max = END_OF_YEAR_9999) long millis) {
    String text = Timestamps.format(millis);

    assertThat(text).isEqualTo(ISO.format(Instant.ofEpochMilli(millis)));
    assertThat(Instant.parse(text).toEpochMilli()).isEqualTo(millis);
    assertThat(text).hasSize(Timestamps.LENGTH);
  }

  @Property
  void presentTimesAreWrittenAsTheLibraryWritesThem(
      @ForAll @LongRange(min = 1_600_000_000_000L, max = 2_000_000_000_000L) long millis) {
    assertThat(Timestamps.format(millis)).isEqualTo(ISO.format(Instant.ofEpochMilli(millis)));
  }
}
