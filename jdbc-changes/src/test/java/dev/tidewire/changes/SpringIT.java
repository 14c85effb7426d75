package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.zaxxer.hikari.HikariDataSource;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.dao.DataAccessException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.SimpleJdbcInsert;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.support.GeneratedKeyHolder;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionTemplate;

/** Spring's JdbcTemplate and its transactions, over a pool, over the observed data source. */
@ParameterizedClass
@EnumSource(TestDatabase.class)
class SpringIT {

  @Parameter TestDatabase database;

  private Fixture fixture;
  private HikariDataSource pool;
  private JdbcTemplate jdbc;
  private TransactionTemplate transaction;

  @BeforeEach
  void open() throws SQLException {
    fixture = new Fixture(database);
    pool = new HikariDataSource();
    pool.setDataSource(fixture.observed);
    pool.setMaximumPoolSize(2);
    jdbc = new JdbcTemplate(pool);
    transaction = new TransactionTemplate(new DataSourceTransactionManager(pool));
  }

  @AfterEach
  void close() {
    pool.close();
    fixture.close();
  }

  @Test
  void templateTellsItsRows() throws SQLException {
    jdbc.update("insert into items(name) values (?)", "a");
    jdbc.batchUpdate(
        "insert into items(name, qty) values (?, ?)",
        List.of(new Object[] {"b", 2}, new Object[] {"c", 3}));
    assertThat(jdbc.update("update items set qty = qty * 10 where qty > ?", 1)).isEqualTo(2);
    jdbc.execute("delete from items where name = 'a'");
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "INSERT items {id=2, name=b, qty=2}",
            "INSERT items {id=3, name=c, qty=3}",
            "UPDATE items {id=2, name=b, qty=20} was {id=2, name=b, qty=2}",
            "UPDATE items {id=3, name=c, qty=30} was {id=3, name=c, qty=3}",
            "DELETE items {id=1, name=a, qty=1}");
  }

  @Test
  void keysAreGivenToTheHolder() throws SQLException {
    GeneratedKeyHolder keys = new GeneratedKeyHolder();
    jdbc.update(
        connection ->
            connection.prepareStatement(
                "insert into items(name) values ('a')", new String[] {"id"}),
        keys);
    assertThat(Objects.requireNonNull(keys.getKey()).intValue()).isEqualTo(1);
    Number second =
        new SimpleJdbcInsert(jdbc)
            .withTableName("items")
            .usingColumns("name")
            .usingGeneratedKeyColumns("id")
            .withoutTableColumnMetaDataAccess() // the server has tables of this name elsewhere too
            .executeAndReturnKey(Map.of("name", "b"));
    assertThat(second.intValue()).isEqualTo(2);
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}", "INSERT items {id=2, name=b, qty=1}");
  }

  @Test
  void transactionIsToldWhenItCommits() throws SQLException {
    transaction.executeWithoutResult(
        status -> {
          jdbc.update("insert into items(name) values ('a')");
          jdbc.update("insert into notes(text) values ('n')");
          assertThat(fixture.sink.events()).isEmpty();
        });
    assertThat(fixture.texts())
        .containsExactly("INSERT items {id=1, name=a, qty=1}", "INSERT notes {id=1, text=n}");
  }

  @Test
  void exceptionInATransactionTellsNothing() throws SQLException {
    assertThatThrownBy(
            () ->
                transaction.executeWithoutResult(
                    status -> {
                      jdbc.update("insert into items(name) values ('a')");
                      throw new IllegalStateException("no");
                    }))
        .hasMessage("no");
    transaction.executeWithoutResult(
        status -> {
          jdbc.update("insert into items(name) values ('b')");
          status.setRollbackOnly();
        });
    assertThat(fixture.texts()).isEmpty();
  }

  @Test
  void nestedTransactionThatFailsLeavesTheOuterOne() throws SQLException {
    TransactionTemplate nested =
        new TransactionTemplate(Objects.requireNonNull(transaction.getTransactionManager()));
    nested.setPropagationBehavior(TransactionDefinition.PROPAGATION_NESTED);
    transaction.executeWithoutResult(
        outer -> {
          jdbc.update("insert into items(id, name) values (100, 'a')");
          assertThatThrownBy(
                  () ->
                      nested.executeWithoutResult(
                          inner -> {
                            jdbc.update("insert into items(id, name) values (101, 'lost')");
                            jdbc.update("insert into items(id, name) values (100, 'twice')");
                          }))
              .isInstanceOf(DataAccessException.class);
          jdbc.update("update items set name = 'b' where id = 100");
        });
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=100, name=a, qty=1}",
            "UPDATE items {id=100, name=b, qty=1} was {id=100, name=a, qty=1}");
  }

  @Test
  void independentTransactionIsToldBeforeTheOneAroundIt() throws SQLException {
    assumeFalse(database.isSqlite(), "SQLite has one writer at a time");
    TransactionTemplate apart =
        new TransactionTemplate(Objects.requireNonNull(transaction.getTransactionManager()));
    apart.setPropagationBehavior(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
    transaction.executeWithoutResult(
        outer -> {
          jdbc.update("insert into items(id, name) values (1, 'outer')");
          apart.executeWithoutResult(
              inner -> jdbc.update("insert into items(id, name) values (2, 'inner')"));
        });
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=2, name=inner, qty=1}", "INSERT items {id=1, name=outer, qty=1}");
  }

  @Test
  void connectionOfTheTransactionCanBeUsedByHand() throws SQLException {
    jdbc.execute(
        (Statement statement) -> {
          statement.addBatch("insert into items(name) values ('a')");
          statement.addBatch("update items set qty = 5");
          return statement.executeBatch();
        });
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT items {id=1, name=a, qty=1}",
            "UPDATE items {id=1, name=a, qty=5} was {id=1, name=a, qty=1}");
  }
}
