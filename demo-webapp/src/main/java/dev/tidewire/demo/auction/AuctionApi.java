package dev.tidewire.demo.auction;

import dev.tidewire.CallRequest;
import dev.tidewire.Realtime;
import dev.tidewire.Rejection;
import dev.tidewire.changes.ChangeCapture;
import dev.tidewire.changes.Written;
import dev.tidewire.demo.Duty;
import dev.tidewire.demo.Ticker;
import dev.tidewire.demo.Visitor;
import dev.tidewire.demo.Visitors;
import dev.tidewire.demo.web.Body;
import dev.tidewire.demo.web.Problem;
import dev.tidewire.demo.web.Router;
import dev.tidewire.protocol.ErrorCode;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Map;
import org.jooq.DSLContext;
import tools.jackson.databind.JsonNode;

/** The auction's routes and its one realtime method, {@code bid}. */
public final class AuctionApi {
  private final Auction auction;
  private final ChangeCapture capture;
  private final Visitors visitors;

  public AuctionApi(
      DSLContext db,
      Realtime realtime,
      ChangeCapture capture,
      Visitors visitors,
      Ticker ticker,
      Duty duty) {
    this.auction = new Auction(db);
    this.capture = capture;
    this.visitors = visitors;
    Auctioneer auctioneer = new Auctioneer(duty);
    auctioneer.run();
    ticker.every(Duration.ofMillis(500), auctioneer);
    realtime.onCall("bid", this::bid);
  }

  public void addTo(Router router) {
    router.get("/lots", exchange -> auction.lots()).get("/bids", exchange -> auction.bids());
  }

  private Object bid(CallRequest call) {
    long lot;
    BigDecimal amount;
    try {
      Body body = new Body(call.as(JsonNode.class));
      lot = body.id("lotId");
      amount = body.amount("amount");
    } catch (Problem problem) {
      throw new Rejection(ErrorCode.BAD_REQUEST, problem.detail());
    }
    Visitor visitor = visitors.find(call.identity().userId());
    Written<Auction.Outcome> written =
        capture.written(
            () -> capture.as(visitor.userId(), null, () -> auction.bid(lot, amount, visitor)));
    Auction.Outcome outcome = written.result();
    if (outcome.code() != null) {
      throw new Rejection(outcome.code(), outcome.message());
    }
    return written
        .positions()
        .thenApply(
            positions ->
                Map.of("lotId", lot, "amount", amount, "position", Written.header(positions)));
  }
}
