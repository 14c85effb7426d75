package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What all pages have in common. */
class PagesIT extends BrowserTest {

  @ParameterizedTest
  @ValueSource(
      strings = {"", "auction.html", "todos.html", "chat.html", "document.html", "sql.html"})
  void pageObeysItsSecurityPolicyAndFitsAPhone(String path) {
    Tab phone = keep(Tab.blank(browser(), url(), 390, 844));
    phone.introduce("Phone Visitor", "green");
    Response response = phone.page().navigate(url().resolve(path).toString());
    phone.expectStatus("connected");

    assertThat(response.headerValue("content-security-policy"))
        .startsWith("default-src 'self';")
        .doesNotContain("unsafe");
    assertThat(response.text()).doesNotContain("style=", "<style", "onclick=");
    assertThat(phone.page().evaluate("() => document.documentElement.scrollWidth")).isEqualTo(390);
    phone.expect(".banner").isHidden();
    phone.expectText("#status", "Live");
    assertThat(phone.complaints()).isEmpty();
  }

  @Test
  void firstVisitAsksForNameAndColour() {
    Tab visitor = keep(Tab.blank(browser(), url(), 1280, 860));
    Tab ada = ada("chat.html");
    visitor.go("chat.html");
    visitor.expect("dialog").isVisible();
    visitor.expect("#profile-name").isFocused();
    visitor.find("#profile-name").fill("Nova");
    visitor.find("dialog .swatch[data-color='red'] input").check();
    visitor.find("dialog button[type=submit]").click();

    ada.expectText("#online", "Nova");
    ada.expectCount("#online [data-color='red']", 1);

    visitor.find("#me").click();
    visitor.find("#profile-name").fill("Supernova");
    visitor.find("dialog button[type=submit]").click();

    ada.expectText("#online", "Supernova");
    ada.expectText("#online-count", "2");
    visitor.page().reload();
    visitor.expectText("#me", "Supernova");
    visitor.expectCount("dialog", 0);
  }

  @Test
  void whoSitsAtTheServersMachineMayWatchTheBus() {
    Tab ada = ada("");
    grace("chat.html");
    ada.find("a[href='realtime/inspector/']").click();

    ada.expectText("#status", "Live");
    ada.expectCount("#view tbody tr", 1); // the dashboard's own connection is gone
    ada.find("nav a[href='#/channels']").click();
    ada.expectText("#view tbody", "site/visitors");
    assertThat(ada.complaints()).isEmpty();
  }

  @Test
  void whoWouldRatherNotSayIsAGuest() {
    Tab visitor = keep(Tab.blank(browser(), url(), 1280, 860));
    Tab ada = ada("chat.html");
    visitor.go("chat.html");
    visitor.page().keyboard().press("Escape");
    visitor.expectCount("dialog", 0);
    ada.expectText("#online", "Guest");
    visitor.find("#composer input").fill("A guest may speak");
    visitor.find("#composer input").press("Enter");
    ada.expectCount(".message:has-text('A guest may speak')", 1);
  }

  @Test
  void twoTabsOfOneVisitorAreOneVisitor() {
    Tab ada = ada("chat.html");
    Tab grace = grace("chat.html");
    ada.expectText("#online-count", "2");
    var second = ada.page().context().newPage();
    second.navigate(url().resolve("chat.html").toString());
    second.waitForFunction("() => document.querySelector('#online-count').textContent === '2'");
    grace.expectText("#online-count", "2");
    second.close();
    grace.find("#composer input").fill("Still two?");
    grace.find("#composer input").press("Enter");
    ada.expectCount(".message:has-text('Still two?')", 1);
    grace.expectText("#online-count", "2");
  }
}
