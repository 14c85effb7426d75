package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The to-do lists in two windows. */
class TodosIT extends BrowserTest {
  private long list;

  @BeforeEach
  void newList() {
    list = api().post("lists", "{\"name\":\"Test list\"}").get("id").longValue();
    for (String text : new String[] {"one", "two", "three"}) {
      api().post("lists/" + list + "/todos", "{\"text\":\"" + text + "\"}");
    }
  }

  private String page() {
    return "todos.html#list=" + list;
  }

  private static String item(String text) {
    return "#todos > li:has(button.text:text-is(\"" + text + "\")) ";
  }

  private static void expectOrder(Tab tab, String... texts) {
    tab.expect("#todos .text").hasText(texts);
  }

  @Test
  void addTickEditAndDeleteShowInTheOther() {
    Tab ada = ada(page());
    Tab grace = grace(page());
    expectOrder(grace, "one", "two", "three");

    ada.find("#new-todo input").fill("four");
    ada.find("#new-todo input").press("Enter");
    expectOrder(grace, "one", "two", "three", "four");

    grace.find(item("two") + "input[type=checkbox]").check();
    ada.expectCount("#todos > li.done", 1);
    ada.expectText("#progress", "1 of 4 done");

    ada.find(item("three") + ".text").click();
    ada.find("form.edit input").fill("three and a half");
    ada.find("form.edit input").press("Enter");
    grace.expectCount(item("three and a half"), 1);
    ada.expectCount("form.edit", 0);

    grace.find(item("one") + ".trash").click();
    expectOrder(ada, "two", "three and a half", "four");
    assertThat(ada.complaints()).isEmpty();
    assertThat(grace.complaints()).isEmpty();
  }

  @Test
  void itemsAreReorderedByKeyboardAndByDragging() {
    Tab ada = ada(page());
    Tab grace = grace(page());
    expectOrder(grace, "one", "two", "three");

    Locator down = ada.find(item("one") + ".down");
    down.focus();
    down.press("Enter");
    expectOrder(grace, "two", "one", "three");
    ada.expect(item("one") + ".down").isFocused();

    ada.find(item("three") + ".grip")
        .dragTo(ada.find(item("two")), new Locator.DragToOptions().setTargetPosition(20, 3));
    expectOrder(grace, "three", "two", "one");
    expectOrder(ada, "three", "two", "one");
  }

  @Test
  void editorsAreNamedAndTheLineTheyEditIsMarked() {
    Tab ada = ada(page());
    Tab grace = grace(page());
    ada.expectText("#editors", "Editors: Ada Lovelace, Grace Hopper");

    grace.find(item("two") + ".text").click();
    ada.expectText(item("two") + ".others", "Grace Hopper editing");
    grace.find("form.edit input").press("Escape");
    ada.expect(item("two") + ".others").hasText("");

    grace.close();
    ada.expectText("#editors", "Editors: Ada Lovelace");
    ada.expect("#editors").not().containsText("Grace");
  }

  @Test
  void conflictIsAChoiceAndTheirsCanBeTaken() {
    Tab ada = ada(page());
    Tab grace = grace(page());
    makeConflict(ada, grace);

    ada.find(".conflict button:text('Take theirs')").click();

    ada.expectCount(".conflict", 0);
    ada.expectCount(item("Grace's text"), 1);
    grace.expectCount(item("Grace's text"), 1);
  }

  @Test
  void conflictIsAChoiceAndMineCanBeKept() {
    Tab ada = ada(page());
    Tab grace = grace(page());
    makeConflict(ada, grace);

    ada.find(".conflict button:text('Keep mine')").click();

    grace.expectCount(item("Ada's text"), 1);
    ada.expectCount(item("Ada's text"), 1);
    ada.expectCount(".conflict", 0);
  }

  /** Ada begins to edit, Grace is faster, Ada saves. */
  private static void makeConflict(Tab ada, Tab grace) {
    ada.find(item("two") + ".text").click();
    ada.find("form.edit input").fill("Ada's text");
    grace.find(item("two") + ".text").click();
    grace.find("form.edit input").fill("Grace's text");
    grace.find("form.edit input").press("Enter");
    ada.expectText(".hint", "Grace's text");
    ada.find("form.edit button[type=submit]").click();
    ada.expectText(".conflict .theirs", "Grace's text");
    ada.expectText(".conflict .mine", "Ada's text");
  }

  @Test
  void listsAreSharedToo() {
    Tab ada = ada(page());
    Tab grace = grace(page());
    ada.find("#new-list input").fill("Shared errands");
    ada.find("#new-list input").press("Enter");
    grace.expectCount("#lists li:has-text('Shared errands')", 1);
    ada.expectText("#list-name", "Shared errands");

    ada.page().onDialog(dialog -> dialog.accept());
    ada.find("#delete-list").click();

    grace.expectCount("#lists li:has-text('Shared errands')", 0);
    ada.expectCount("#lists li:has-text('Shared errands')", 0);
  }

  @Test
  void whatIsDoneOfflineShowsAtOnceAndIsSavedOnceTheNetworkIsBack() {
    Tab ada = ada(page());
    Tab grace = grace(page());
    expectOrder(ada, "one", "two", "three");

    ada.page().context().setOffline(true);
    ada.find("#new-todo input").fill("written offline");
    ada.find("#new-todo input").press("Enter");
    ada.find(item("one") + "input[type=checkbox]").check();
    ada.find(item("two") + ".text").click();
    ada.find("form.edit input").fill("two and more");
    ada.find("form.edit input").press("Enter");
    ada.find(item("three") + ".trash").click();

    expectOrder(ada, "one", "two and more", "written offline");
    ada.expectCount("#todos > li.waiting", 3);
    ada.expectText("#waiting", "4 changes wait");
    expectOrder(grace, "one", "two", "three");
    ada.page().context().setOffline(false);

    ada.expectCount("#todos > li.waiting", 0);
    ada.expect("#waiting").isHidden();
    expectOrder(ada, "one", "two and more", "written offline");
    expectOrder(grace, "one", "two and more", "written offline");
    grace.expectCount("#todos > li.done", 1);
    assertThat(
            api()
                .value(
                    "select count(*) from todos where text = 'written offline' and list_id = "
                        + list)
                .intValue())
        .isEqualTo(1);
  }

  @Test
  void reloadedPageStillSavesWhatWasDoneOffline() {
    Tab ada = ada(page());
    expectOrder(ada, "one", "two", "three");
    ada.page().context().setOffline(true);
    ada.find("#new-todo input").fill("kept over a reload");
    ada.find("#new-todo input").press("Enter");
    ada.expectText("#waiting", "1 change waits");
    ada.page().navigate("about:blank");
    ada.page().context().setOffline(false);

    ada.go(page());

    expectOrder(ada, "one", "two", "three", "kept over a reload");
    ada.expectCount("#todos > li.waiting", 0);
  }

  @Test
  void conflictWithWhatWasDoneOfflineIsAChoiceToo() {
    Tab ada = ada(page());
    Tab grace = grace(page());
    expectOrder(ada, "one", "two", "three");
    ada.page().context().setOffline(true);
    ada.find(item("two") + ".text").click();
    ada.find("form.edit input").fill("Ada's text");
    ada.find("form.edit input").press("Enter");
    ada.find(item("one") + "input[type=checkbox]").check();
    grace.find(item("two") + ".text").click();
    grace.find("form.edit input").fill("Grace's text");
    grace.find("form.edit input").press("Enter");
    grace.expectCount(item("Grace's text"), 1);
    grace.find(item("one") + ".text").click(); // another field of the same row: no conflict
    grace.find("form.edit input").fill("one, by Grace");
    grace.find("form.edit input").press("Enter");
    grace.expectCount(item("one, by Grace"), 1);
    ada.page().context().setOffline(false);

    ada.expectText(".conflict .theirs", "Grace's text");
    ada.expectText(".conflict .mine", "Ada's text");
    ada.find(".conflict button:text('Keep mine')").click();

    expectOrder(grace, "one, by Grace", "Ada's text", "three");
    grace.expectCount("#todos > li.done", 1);
    ada.expectCount("#todos > li.waiting", 0);
  }
}
