package dev.tidewire.changes.postgres;

import dev.tidewire.changes.TestDatabase;
import dev.tidewire.presence.PresenceTracker;
import dev.tidewire.presence.PresenceTrackerContract;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;

class PostgresPresenceTrackerIT extends PresenceTrackerContract {

  private PostgresBroker broker;

  @Override
  protected PresenceTracker create() {
    try {
      broker =
          PostgresBroker.on(TestDatabase.POSTGRES_18.fresh())
              .timeout(Duration.ofSeconds(30))
              .clock(clock)
              .build();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return broker.presence();
  }

  @AfterEach
  void closeBroker() {
    broker.close();
  }
}
