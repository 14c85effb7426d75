package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Changes made from a version that is no longer the server's. */
class ConflictIT {

  private static final String SERVER =
      "{'data':'theirs','version':8,'updatedAt':'2026-01-02T00:00:00Z'}";

  @RegisterExtension final Stage stage = new Stage();

  @BeforeEach
  void load() {
    stage.load("conflicts");
  }

  private void submit(String onConflict) {
    stage.run(
        "settle(submitWithConflictResolution('api/docs/1', { payload: 'mine', baseVersion: 7, updatedAt: window.at }, "
            + onConflict
            + "))");
  }

  private Exchange first() throws Exception {
    return stage.server().request().expect("PATCH /api/docs/1 {'payload':'mine','baseVersion':7}");
  }

  @Test
  void changeFromTheCurrentVersionIsTaken() throws Exception {
    submit("'serverWins'");
    Exchange request = first();
    assertThat(request.header("Content-Type")).isEqualTo("application/json");
    request.answer(200, "{'version':8}");
    stage.awaitLog("resolved {\"version\":8}");
  }

  @Test
  void resolvedChangeIsSentOnTopOfTheServersVersionUntilItFits() throws Exception {
    submit("async (server, mine) => server.data + '+' + mine");
    first().answer(409, SERVER);
    stage
        .server()
        .request()
        .expect("PATCH /api/docs/1 {'payload':'theirs+mine','baseVersion':8}")
        .answer(409, "{'data':'again','version':9}");
    stage
        .server()
        .request()
        .expect("PATCH /api/docs/1 {'payload':'again+theirs+mine','baseVersion':9}")
        .answer(200, "{'version':10}");
    stage.awaitLog("resolved {\"version\":10}");
  }

  @Test
  void serverWinsLeavesItsStateAlone() throws Exception {
    submit("'serverWins'");
    first().answer(409, SERVER);
    stage.awaitLog("resolved " + SERVER.replace('\'', '"'));
    assertThat(stage.server().hasRequest()).isFalse();
  }

  @Test
  void clientWinsWritesItsOwnAgain() throws Exception {
    submit("'clientWins'");
    first().answer(409, SERVER);
    stage
        .server()
        .request()
        .expect("PATCH /api/docs/1 {'payload':'mine','baseVersion':8}")
        .answer(200, "{}");
    stage.awaitLog("resolved {}");
  }

  @Test
  void lastWriteWinsByTime() throws Exception {
    stage.run("window.at = '2026-01-01T00:00:00Z'");
    submit("'lastWriteWins'");
    first().answer(409, SERVER);
    stage.awaitLog("resolved " + SERVER.replace('\'', '"'));
    stage.run("log.length = 0; window.at = Date.parse('2026-01-03T00:00:00Z')");
    submit("'lastWriteWins'");
    first().answer(409, SERVER);
    stage
        .server()
        .request()
        .expect("PATCH /api/docs/1 {'payload':'mine','baseVersion':8}")
        .answer(200, "{}");
    stage.awaitLog("resolved {}");
  }

  @Test
  void otherRefusalsAndUnknownStrategiesAreErrors() throws Exception {
    submit("'serverWins'");
    first().answer(403, "{}");
    stage.awaitLog("rejected Mutation failed: 403");
    submit("'coinToss'");
    stage.awaitLog(
        "rejected Mutation failed: 403",
        "rejected a conflict strategy is a function or one of serverWins, clientWins, lastWriteWins, not coinToss");
  }
}
