package dev.tidewire.changes.postgres;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerContract;
import dev.tidewire.changes.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;

class PostgresBrokerIT extends BrokerContract {

  @Override
  protected Broker create() {
    try {
      return PostgresBroker.on(TestDatabase.POSTGRES_18.fresh())
          .timeout(Duration.ofSeconds(30))
          .clock(clock)
          .build();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
