package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.demo.launcher.DemoServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.net.URI;
import java.net.http.HttpResponse;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The same demo on PostgreSQL. */
class PostgresIT extends BrowserTest {
  private EmbeddedPostgres postgres;
  private DemoServer server;

  @BeforeAll
  void start() throws Exception {
    postgres = EmbeddedPostgres.builder().setPort(0).start();
    System.setProperty("db.url", "jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres");
    System.setProperty("db.user", "postgres");
    System.setProperty("db.password", "postgres");
    server = DemoServer.start(Stage.WAR, "127.0.0.1", 0, null);
  }

  @AfterAll
  void stop() throws Exception {
    for (String name : List.of("db.url", "db.user", "db.password")) {
      System.clearProperty(name);
    }
    server.close();
    postgres.close();
  }

  @Override
  URI url() {
    return server.url();
  }

  @Test
  void writesOfOneWindowShowInTheOther() {
    Tab ada = ada("sql.html");
    Tab grace = grace("");
    ada.expectText("#product", "PostgreSQL");

    ada.find("#statement")
        .fill("insert into orders (customer, total, status) values ('Elephant', 42, 'pending')");
    ada.find("#console button").click();
    grace.expectText("#orders tbody tr:first-child", "Elephant");

    ada.find("#statement").fill("update orders set status = 'shipped' where customer = 'Elephant'");
    ada.find("#console button").click();
    ada.expectText(".event[data-operation='UPDATE'] >> nth=0", "pending → shipped");
    grace.expectText("#orders tbody tr:first-child", "shipped");
    assertThat(ada.complaints()).isEmpty();
    assertThat(grace.complaints()).isEmpty();
  }

  @Test
  void everyExampleOfTheConsoleRuns() {
    Tab ada = ada("sql.html");
    int examples = ada.find("#examples button").count();
    for (int i = 0; i < examples; i++) {
      ada.find("#examples button >> nth=" + i).click();
      ada.page().evaluate("() => document.querySelector('#result').replaceChildren()");
      ada.find("#console button").click();
      ada.expectCount("#result :is(.success, table)", 1);
    }
  }

  @Test
  void todosAndBidsWork() {
    long list = api().post("lists", "{\"name\":\"On PostgreSQL\"}").get("id").longValue();
    long todo =
        api().post("lists/" + list + "/todos", "{\"text\":\"first\"}").get("id").longValue();
    Api.json(
        api()
            .send(
                "PATCH", "todos/" + todo, "application/json", "{\"baseVersion\":1,\"done\":true}"),
        200);
    HttpResponse<String> conflict =
        api()
            .send(
                "PATCH", "todos/" + todo, "application/json", "{\"baseVersion\":1,\"done\":false}");
    assertThat(conflict.statusCode()).isEqualTo(409);

    Tab ada = ada("auction.html");
    ada.find("#lots > [data-status='open'] .quick button >> nth=0").click();
    ada.expectText("#lots .outcome[data-kind]:not(:empty)", "stands");
  }
}
