package dev.tidewire.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The auction board in two windows. */
class AuctionIT extends BrowserTest {
  private long lot;

  /** All lots open for an hour, so that no hammer falls in the middle of a test. */
  @BeforeEach
  void openLots() {
    api().sql("update lots set status = 'open', ends_at = current_timestamp + interval '1' hour");
    lot = api().value("select min(id) from lots").longValue();
  }

  private String card() {
    return "#lots > [data-key='" + lot + "'] ";
  }

  private BigDecimal nextBid() {
    return api().value("select next_bid from lots where id = " + lot).decimalValue().setScale(2);
  }

  @Test
  void bidOfOneShowsInTheOther() {
    Tab ada = ada("auction.html");
    Tab grace = grace("auction.html");
    BigDecimal amount = nextBid();

    ada.find(card() + ".quick button >> nth=0").click();

    ada.expectText(card() + ".outcome", "stands");
    grace.expectText(card() + ".price", amount.toPlainString());
    grace.expectText(card() + ".leader", "Ada Lovelace");
    grace.expectText(card() + ".bids li:first-child", "Ada Lovelace");
    ada.expectText(card() + ".bids li:first-child", "You");
    assertThat(ada.complaints()).isEmpty();
    assertThat(grace.complaints()).isEmpty();
  }

  @Test
  void ofTenBidsOfTheSameAmountOneWins() {
    Tab ada = ada("auction.html");
    Tab grace = grace("auction.html");
    BigDecimal amount = nextBid().add(BigDecimal.TEN);
    long before = api().value("select count(*) from bids where lot_id = " + lot).longValue();
    String bids =
        """
        ([lotId, amount]) => {
          window.answers = import(new URL('js/app.js', location.href)).then(({ app }) =>
            Promise.all([1, 2, 3, 4, 5].map(() => app.realtime.call('bid', { lotId, amount }).then(() => 'won', (error) => error.code))));
        }
        """;
    List<Object> argument = List.of((int) lot, amount.doubleValue());

    ada.page().evaluate(bids, argument);
    grace.page().evaluate(bids, argument);

    List<?> first = (List<?>) ada.page().evaluate("() => window.answers");
    List<?> second = (List<?>) grace.page().evaluate("() => window.answers");
    List<Object> answers = new java.util.ArrayList<>(first);
    answers.addAll(second);
    assertThat(answers)
        .hasSize(10)
        .containsOnlyOnce("won")
        .filteredOn(answer -> !answer.equals("won"))
        .containsOnly("too_low");
    assertThat(api().value("select count(*) from bids where lot_id = " + lot).longValue())
        .isEqualTo(before + 1);
    grace.expectText(card() + ".price", amount.toPlainString());
  }

  @Test
  void losingBidRollsBackInSight() {
    Tab ada = ada("auction.html");
    Tab grace = grace("auction.html");
    BigDecimal winning = nextBid().add(new BigDecimal(40));
    BigDecimal losing = nextBid().add(new BigDecimal(20));
    ada.page()
        .evaluate(
            """
            card => {
              window.prices = [];
              const price = document.querySelector(card + '.price strong');
              new MutationObserver(() => window.prices.push(price.textContent)).observe(price, { childList: true, characterData: true, subtree: true });
            }
            """,
            card());
    grace.find(card() + "input").fill(winning.toPlainString());
    grace.find(card() + "form button").click();
    ada.expectText(card() + ".price", winning.toPlainString());

    ada.find(card() + "input").fill(losing.toPlainString());
    ada.find(card() + "form button").click();

    ada.expectText(card() + ".outcome", "at least");
    ada.expectText(card() + ".price", winning.toPlainString());
    assertThat((List<?>) ada.page().evaluate("() => window.prices"))
        .asString()
        .contains("€" + winning.toPlainString(), "€" + losing.toPlainString())
        .endsWith("€" + winning.toPlainString() + "]");
    grace.expectText(card() + ".leader", "you");
  }

  @Test
  void whoWatchesIsShownUntilTheTabIsClosed() {
    Tab ada = ada("auction.html");
    ada.expectText("#watching-count", "Only you");
    Tab grace = grace("auction.html");
    ada.expectText("#watching-count", "2 are watching");
    ada.expectCount("#watching [title='Grace Hopper']", 1);

    grace.close();

    ada.expectText("#watching-count", "Only you");
  }

  @Test
  void lotThatEndsIsSoldAndANewOneComes() {
    Tab ada = ada("auction.html");
    ada.find(card() + ".quick button >> nth=0").click();
    ada.expectText(card() + ".outcome", "stands");

    api().sql("update lots set ends_at = current_timestamp where id = " + lot);

    ada.expectText(card() + ".clock", "Sold");
    ada.expectText(card() + ".leader", "sold to you");
    ada.expect(card() + "form button").isDisabled();
    ada.expectCount(card(), 0);
    ada.expectCount("#lots > article", 4);
  }

  @Test
  void bidWithoutSenseIsRefused() {
    Tab ada = ada("auction.html");
    for (Object data :
        List.of(
            Map.of("lotId", "x", "amount", 5),
            Map.of("lotId", (int) lot, "amount", -1),
            Map.of("lotId", (int) lot),
            "no object")) {
      Object code =
          ada.page()
              .evaluate(
                  """
                  async data => {
                    const { app } = await import(new URL('js/app.js', location.href));
                    return app.realtime.call('bid', data).then(() => 'accepted', (error) => error.code);
                  }
                  """,
                  data);
      assertThat(code).as(data.toString()).isEqualTo("BAD_REQUEST");
    }
  }

  @Test
  void othersSeeWhereSomebodyPoints() {
    Tab ada = ada("auction.html");
    Tab grace = grace("auction.html");
    ada.expectText("#watching-count", "2 are watching");
    ada.find(card() + "h2").hover();
    grace.expectCount(".cursor[data-color='violet']:has-text('Ada Lovelace')", 1);
    ada.find("h1").hover();
    grace.expectCount(".cursor", 0);
    assertThat(grace.complaints()).isEmpty();
  }
}
