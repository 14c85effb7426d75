package dev.tidewire.changes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.OptimisticLockException;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.sql.SQLException;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Entities written by Hibernate through the observed data source. */
@ParameterizedClass
@EnumSource(
    value = TestDatabase.class,
    names = "SQLITE", // Hibernate's own dialects do not know it
    mode = EnumSource.Mode.EXCLUDE)
class JpaIT {

  @Parameter TestDatabase database;

  private Fixture fixture;
  private SessionFactory sessions;

  /** Its key comes from the database. */
  @Entity(name = "Note")
  @Table(name = "notes")
  static class Note {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    Integer id;

    String text;

    Note() {}

    Note(String text) {
      this.text = text;
    }
  }

  /** Its key is given, so that Hibernate writes it in batches; two writers notice each other. */
  @Entity(name = "Task")
  @Table(name = "task")
  static class Task {
    @Id Integer id;
    String title;
    @Version int version;

    Task() {}

    Task(int id, String title) {
      this.id = id;
      this.title = title;
    }
  }

  @BeforeEach
  void open() throws SQLException {
    fixture = new Fixture(database, builder -> builder.tables("task"));
    fixture.plainly(
        "create table task (id int primary key, title varchar(100), version int not null)");
    Configuration configuration = new Configuration();
    configuration.getProperties().put("hibernate.connection.datasource", fixture.observed);
    configuration.setProperty("hibernate.jdbc.batch_size", "10");
    sessions =
        configuration
            .addAnnotatedClass(Note.class)
            .addAnnotatedClass(Task.class)
            .buildSessionFactory();
  }

  @AfterEach
  void close() {
    sessions.close();
    fixture.close();
  }

  @Test
  void entitiesTellTheirRows() throws SQLException {
    sessions.inTransaction(session -> session.persist(new Note("a")));
    sessions.inTransaction(session -> session.find(Note.class, 1).text = "b");
    sessions.inTransaction(session -> session.remove(session.find(Note.class, 1)));
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT notes {id=1, text=a}",
            "UPDATE notes {id=1, text=b} was {id=1, text=a}",
            "DELETE notes {id=1, text=b}");
  }

  @Test
  void batchesOfEntitiesTellEveryRow() throws SQLException {
    sessions.inTransaction(
        session -> {
          for (int i = 1; i <= 25; i++) {
            session.persist(new Task(i, "t" + i));
          }
        });
    assertThat(fixture.texts())
        .hasSize(25)
        .startsWith("INSERT task {id=1, title=t1, version=0}")
        .endsWith("INSERT task {id=25, title=t25, version=0}");
    sessions.inTransaction(
        session ->
            session
                .createQuery("from Task where id <= 2 order by id", Task.class)
                .getResultList()
                .forEach(task -> task.title += "!"));
    assertThat(fixture.texts())
        .containsExactly(
            "UPDATE task {id=1, title=t1!, version=1} was {id=1, title=t1, version=0}",
            "UPDATE task {id=2, title=t2!, version=1} was {id=2, title=t2, version=0}");
  }

  @Test
  void statementsInTheQueryLanguageTellTheirRows() throws SQLException {
    sessions.inTransaction(session -> session.persist(new Note("a")));
    sessions.inTransaction(
        session -> session.createMutationQuery("update Note set text = 'b'").executeUpdate());
    sessions.inTransaction(
        session -> session.createMutationQuery("delete from Note where id = 1").executeUpdate());
    // for MariaDB Hibernate writes a DELETE that could be of several tables
    String deleted = database.isMariaDb() ? "RESET notes" : "DELETE notes {id=1, text=b}";
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT notes {id=1, text=a}",
            "UPDATE notes {id=1, text=b} was {id=1, text=a}",
            deleted);
  }

  @Test
  void whatIsRolledBackIsNotTold() throws SQLException {
    assertThatThrownBy(
            () ->
                sessions.inTransaction(
                    session -> {
                      session.persist(new Note("lost"));
                      throw new IllegalStateException("no");
                    }))
        .hasMessage("no");
    assertThat(fixture.texts()).isEmpty();
  }

  @Test
  void staleEntityTellsNothing() throws SQLException {
    sessions.inTransaction(session -> session.persist(new Task(1, "a")));
    Task stale = sessions.fromTransaction(session -> session.find(Task.class, 1));
    sessions.inTransaction(session -> session.find(Task.class, 1).title = "b");
    stale.title = "c";
    assertThatThrownBy(() -> sessions.inTransaction(session -> session.merge(stale)))
        .isInstanceOf(OptimisticLockException.class);
    assertThat(fixture.texts())
        .containsExactly(
            "INSERT task {id=1, title=a, version=0}",
            "UPDATE task {id=1, title=b, version=1} was {id=1, title=a, version=0}");
  }
}
