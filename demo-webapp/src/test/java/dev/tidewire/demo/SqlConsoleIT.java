package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.assertions.PlaywrightAssertions;
import org.junit.jupiter.api.Test;

/** The SQL console in one window, what comes of it in the other. */
class SqlConsoleIT extends BrowserTest {

  private static void run(Tab tab, String sql) {
    tab.find("#statement").fill(sql);
    tab.find("#statement").press("Control+Enter");
  }

  @Test
  void statementTypedByOneIsSeenByAll() {
    Tab ada = ada("sql.html");
    Tab grace = grace("sql.html");

    run(
        ada,
        "insert into orders (customer, total, status) values ('Typed By Hand', 12.50, 'pending')");
    ada.expectText("#result", "1 row changed");
    grace.expectText(".event[data-operation='INSERT'] >> nth=0", "Typed By Hand");

    run(ada, "update orders set status = 'paid' where customer = 'Typed By Hand'");
    grace.expectText(".event[data-operation='UPDATE'] >> nth=0", "pending → paid");
    ada.expectText(".event[data-operation='UPDATE'] >> nth=0", "pending → paid");

    run(ada, "delete from orders where customer = 'Typed By Hand'");
    grace.expectText(".event[data-operation='DELETE'] >> nth=0", "Typed By Hand");
    assertThat(ada.complaints()).isEmpty();
    assertThat(grace.complaints()).isEmpty();
  }

  @Test
  void everyRowOfAStatementIsAnEvent() {
    Tab ada = ada("sql.html");
    run(ada, "insert into todos (list_id, text) values (7, 'first'), (7, 'second'), (7, 'third')");
    ada.expectCount(".event[data-operation='INSERT']:has-text('todos')", 3);
    run(ada, "update todos set done = true where list_id = 7");
    ada.expectCount(".event[data-operation='UPDATE']:has-text('false → true')", 3);
    run(ada, "delete from todos where list_id = 7");
    ada.expectCount(".event[data-operation='DELETE']:has-text('todos')", 3);
  }

  @Test
  void questionIsAnsweredWithATable() {
    Tab ada = ada("sql.html");
    ada.find("#examples button:text('Read the latest orders')").click();
    ada.find("#console button").click();
    ada.expectCount("#result tbody tr", 10);
    PlaywrightAssertions.assertThat(ada.find("#result th"))
        .hasText(new String[] {"id", "customer", "total", "status", "created_at"});
  }

  @Test
  void databasesComplaintIsShown() {
    Tab ada = ada("sql.html");
    run(ada, "insert into nowhere values (1)");
    ada.expectText("#result .failure", "NOWHERE");
    ada.expect("#result .failure").not().containsText("Exception");
  }

  @Test
  void dashboardHearsOfTheConsole() {
    Tab ada = ada("sql.html");
    Tab grace = grace("");
    run(ada, "insert into orders (customer, total, status) values ('Across Pages', 77, 'paid')");
    grace.expectText("#orders tbody tr:first-child", "Across Pages");
  }
}
