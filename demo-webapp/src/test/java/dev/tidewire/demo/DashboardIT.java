package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Route;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The dashboard in two windows. */
class DashboardIT extends BrowserTest {

  @AfterEach
  void stopTheStream() {
    Api.json(api().send("PUT", "orders/stream", "application/json", "{\"running\":false}"), 200);
  }

  @Test
  void orderWrittenInOneWindowShowsInTheOther() {
    Tab ada = ada("");
    Tab grace = grace("");
    grace.expectCount("#orders tbody tr", 12);
    String newest = grace.find("#orders tbody tr >> nth=0").getAttribute("data-key");

    ada.find("#write-one").click();

    long next = Long.parseLong(newest) + 1;
    grace.expectCount("#orders tbody tr:first-child[data-key='" + next + "']", 1);
    ada.expectCount("#orders tbody tr:first-child[data-key='" + next + "']", 1);
    assertThat(ada.complaints()).isEmpty();
    assertThat(grace.complaints()).isEmpty();
  }

  @Test
  void rowFlashesWhenItsOrderChanges() {
    Tab ada = ada("");
    ada.expectCount("#orders tbody tr", 12);
    String id = ada.find("#orders tbody tr >> nth=2").getAttribute("data-key");
    ada.page()
        .evaluate(
            """
            id => {
              window.flashes = 0;
              document.querySelector(`#orders [data-key="${id}"]`).addEventListener('animationstart', () => window.flashes++);
            }
            """,
            id);

    api().sql("update orders set status = 'paid', customer = 'Changed Name' where id = " + id);

    ada.expectText("#orders [data-key='" + id + "']", "Changed Name");
    ada.expectText("#orders [data-key='" + id + "']", "paid");
    ada.page().waitForFunction("() => window.flashes > 0");
  }

  @Test
  void figuresFollowTheDatabase() {
    Tab ada = ada("");
    api()
        .sql(
            "insert into orders (customer, total, status) values ('Big Spender', 1234.50, 'paid')");
    expectFigures(ada);
    api().sql("update orders set total = total + 1000 where customer = 'Big Spender'");
    expectFigures(ada);
    api().sql("delete from orders where customer = 'Big Spender'");
    expectFigures(ada);
  }

  private void expectFigures(Tab tab) {
    String count =
        api().value("select count(*) from orders where created_at >= current_date").asString();
    BigDecimal revenue =
        api()
            .value("select sum(total) from orders where created_at >= current_date")
            .decimalValue();
    tab.expectText("#orders-today", count);
    tab.expectText("#revenue", "€" + String.format(java.util.Locale.ROOT, "%,.2f", revenue));
  }

  @Test
  void streamSwitchedOnInOneWindowRunsInBoth() {
    Tab ada = ada("");
    Tab grace = grace("");
    grace.expectCount("#orders tbody tr", 12);
    String newest = grace.find("#orders tbody tr >> nth=0").getAttribute("data-key");

    ada.find("#stream").click();

    grace.expect("#stream:checked").hasCount(1);
    grace
        .page()
        .waitForFunction(
            "newest => Number(document.querySelector('#orders tbody tr').dataset.key) >= newest + 3",
            Integer.parseInt(newest));
    grace.find("#stream").uncheck();
    ada.expect("#stream:checked").hasCount(0);
    assertThat(api().get("orders/stream").get("running").booleanValue()).isFalse();
  }

  @Test
  void choiceOfTheVisitorStaysWhenAnOlderAnswerComesLater() {
    Tab ada = keep(Tab.blank(browser(), url(), 1280, 860));
    ada.introduce("Ada Lovelace", "violet");
    List<Route> asked = new ArrayList<>();
    ada.page()
        .route(
            "**/api/orders/stream",
            route -> {
              if (asked.isEmpty() && route.request().method().equals("GET")) {
                asked.add(route);
              } else {
                route.resume();
              }
            });
    ada.go("");
    ada.page().waitForCondition(() -> !asked.isEmpty());

    ada.find("#stream").click();
    Tab grace = grace("");
    grace.expect("#stream:checked").hasCount(1);
    asked
        .get(0)
        .fulfill(
            new Route.FulfillOptions()
                .setContentType("application/json")
                .setBody("{\"running\":false}"));

    // by the next answer, the page has taken in the one before
    ada.page().evaluate("() => fetch('api/orders/stream').then((answer) => answer.json())");
    assertThat(ada.find("#stream").isChecked()).isTrue();
  }

  @Test
  void activeUsersAreThoseWithAnOpenPage() {
    Tab ada = ada("");
    ada.expectText("#active-users", "1");
    Tab grace = grace("chat.html");
    ada.expectText("#active-users", "2");
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> api().get("metrics").get("activeUsers").intValue() == 2);

    grace.close();

    ada.expectText("#active-users", "1");
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> api().get("metrics").get("activeUsers").intValue() == 1);
  }
}
