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
}
