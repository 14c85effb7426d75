package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.tidewire.RealtimeException;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class AsyncRepliesTest {

  private final Logger logger = (Logger) LoggerFactory.getLogger(AsyncReplies.class);
  private final ListAppender<ILoggingEvent> lines = new ListAppender<>();

  @BeforeEach
  void listen() {
    lines.start();
    logger.addAppender(lines);
    logger.setAdditive(false);
  }

  @AfterEach
  void leave() {
    logger.detachAppender(lines);
    logger.setAdditive(true);
  }

  @Test
  void aFailureIsToldWithoutDetailsUnderTheNumberOfItsLine() {
    Reply.Failure told = AsyncReplies.logged("It failed", new IllegalStateException("jdbc:secret"));

    assertThat(told.code()).isEqualTo(ErrorCode.INTERNAL.name());
    ILoggingEvent line = lines.list.get(0);
    assertThat(line.getKeyValuePairs())
        .singleElement()
        .satisfies(
            pair -> {
              assertThat(pair.key).isEqualTo("correlation");
              assertThat(told.message()).endsWith("under " + pair.value).doesNotContain("secret");
            });
    assertThat(line.getThrowableProxy().getMessage()).isEqualTo("jdbc:secret");
  }

  @Test
  void aBackendThatFailsIsToldAsUnavailable() {
    assertThat(AsyncReplies.logged("It failed", new RealtimeException("away", null)).code())
        .isEqualTo(ErrorCode.UNAVAILABLE.name());
  }
}
