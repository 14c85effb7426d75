package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** A page that follows some rows of a table: those that there are, and what becomes of them. */
class RowsIT extends BrowserTest {

  private static final String FOLLOW =
      """
      async (list) => {
        const { createRealtime } = await import(new URL('realtime/client.js', document.baseURI).href);
        const rows = (window.rows = new Map());
        const client = createRealtime();
        window.snapshots = 0;
        window.channel = client
          .channel('todos', { where: { list_id: list, done: false }, snapshot: true })
          .on('snapshot', (m) => { window.snapshots++; rows.clear(); m.rows.forEach((r) => rows.set(r.id, r.text)); })
          .on('INSERT', (m) => rows.set(m.data.id, m.data.text))
          .on('UPDATE', (m) => rows.set(m.data.id, m.data.text))
          .on('DELETE', (m) => rows.delete(m.data.id))
          .subscribe();
        await window.channel.ready;
      }
      """;

  private static void expectRows(Tab tab, String... texts) {
    Awaitility.await()
        .atMost(java.time.Duration.ofSeconds(30))
        .untilAsserted(
            () ->
                assertThat(tab.page().evaluate("[...window.rows.values()].sort().join()"))
                    .isEqualTo(String.join(",", texts)));
  }

  @Test
  void thePageHoldsTheRowsOfItsConditionAndNoOther() {
    long list = api().post("lists", "{\"name\":\"Rows\"}").get("id").longValue();
    for (String text : new String[] {"a", "b", "c"}) {
      api().post("lists/" + list + "/todos", "{\"text\":\"" + text + "\"}");
    }
    Tab ada = ada("todos.html#list=" + list);
    ada.page().evaluate(FOLLOW, (int) list);
    expectRows(ada, "a", "b", "c");

    api().sql("update todos set done = true where text = 'b' and list_id = " + list);
    expectRows(ada, "a", "c");
    api().sql("update todos set text = 'd' where text = 'c' and list_id = " + list);
    api().post("lists/" + list + "/todos", "{\"text\":\"e\"}");
    expectRows(ada, "a", "d", "e");
    api().sql("update todos set done = false where text = 'b' and list_id = " + list);
    expectRows(ada, "a", "b", "d", "e");
    assertThat(ada.page().evaluate("window.snapshots")).isEqualTo(1);

    // a write that cannot be told row by row: the page is given the rows again
    api()
        .sql(
            "merge into todos using (select 1 as n) x on todos.id = -x.n when not matched then"
                + " insert (list_id, text) values ("
                + list
                + ", 'f')");
    assertThat(api().value("select count(*) from todos where text = 'f'").asInt()).isEqualTo(1);
    expectRows(ada, "a", "b", "d", "e", "f");
    assertThat(ada.page().evaluate("window.snapshots")).isEqualTo(2);
    assertThat(ada.complaints()).isEmpty();
  }
}
