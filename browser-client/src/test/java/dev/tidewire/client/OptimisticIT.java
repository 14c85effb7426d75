package dev.tidewire.client;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Writes that are shown before the server has answered. */
class OptimisticIT {

  private static final String CREATE =
      "window.shown = new Map([['t1', 'open']]);"
          + "window.optimistic = createOptimistic({ channel: window.tasks,"
          + " read: id => shown.get(id), write: (id, v) => { v === undefined ? shown.delete(id) : shown.set(id, v); note(id, String(v)) } });"
          + "window.arrive = (id, v) => optimistic.receive(id, () => { shown.set(id, v); note('event', v) });";

  @RegisterExtension final Stage stage = new Stage();

  private Peer subscribed() throws Exception {
    Peer peer = stage.connect();
    stage.run(
        "window.tasks = realtime.channel('tasks'); Promise.all(['optimistic', 'positions'].map(m => import('./realtime/' + m + '.js')))"
            + ".then(all => { Object.assign(window, ...all);"
            + CREATE
            + "tasks.on('UPDATE', ({ data }) => arrive(data.id, data.state)).subscribe() })");
    peer.ack(peer.expect("subscribe"), "'topic':'tasks','position':'e1.5'");
    stage.awaitValue("tasks.position", "e1.5");
    return peer;
  }

  private static String change(int offset, String state) {
    return "{'id':'e1.%d','type':'db_change','ts':'x','topic':'tasks','operation':'UPDATE','data':{'id':'t1','state':'%s'}}"
        .formatted(offset, state);
  }

  @Test
  void eventsOfAnEntityWaitUntilItsOperationIsConfirmed() {
    stage.load("optimistic");
    stage.run(
        CREATE
            + "window.op = optimistic.apply('t1', 'done'); arrive('t1', 'theirs'); arrive('t2', 'other')");
    stage.awaitLog("t1 done", "event other");
    assertThat(stage.value("optimistic.hasPendingFor('t1') && optimistic.shouldDefer('t1')"))
        .isEqualTo(true);
    stage.run("settle(op.confirm())");
    stage.awaitLog("t1 done", "event other", "t1 done", "event theirs", "resolved true");
    assertThat(stage.value("optimistic.hasPendingFor('t1')")).isEqualTo(false);
    stage.run("settle(op.confirm()); note(op.rollback())");
    stage.awaitLog(
        "t1 done",
        "event other",
        "t1 done",
        "event theirs",
        "resolved true",
        "false",
        "resolved false");
  }

  @Test
  void rollbackShowsWhatWasAndThenWhatArrivedMeanwhile() {
    stage.load("optimistic");
    stage.run(
        CREATE
            + "const op = optimistic.apply('t1', 'done'); arrive('t1', 'theirs'); op.rollback()");
    stage.awaitLog("t1 done", "t1 open", "event theirs");
  }

  @Test
  void operationsOfOneEntityAreRolledBackOneByOne() {
    stage.load("optimistic");
    stage.run(
        CREATE
            + "const a = optimistic.apply('t1', v => v + '+a'), b = optimistic.apply('t1', v => v + '+b');"
            + "arrive('t1', 'theirs'); a.rollback(); b.confirm()");
    stage.awaitLog("t1 open+a", "t1 open+a+b", "t1 open+b", "t1 open+b", "event theirs");
  }

  @Test
  void newEntityDisappearsWhenItsCreationIsRefused() {
    stage.load("optimistic");
    stage.run(
        CREATE
            + "settle(optimistic.mutate('t9', 'new', async () => ({ ok: false, status: 422 })))");
    stage.awaitLog("t9 new", "t9 undefined", "rejected the write was refused: 422");
    assertThat(stage.value("shown.has('t9')")).isEqualTo(false);
  }

  @Test
  void operationIdsAreDistinctAndRemovable() {
    stage.load("optimistic");
    stage.run(
        CREATE
            + "const a = optimistic.add('t1', 1), b = optimistic.add('t1', 2); note(a !== b);"
            + "note(optimistic.remove(a)); note(optimistic.hasPendingFor('t1')); note(optimistic.remove(b)); note(optimistic.remove(b)); note(optimistic.hasPendingFor('t1'))");
    assertThat(stage.log().stream().filter(line -> !line.startsWith("t1")))
        .containsExactly("true", "true", "true", "true", "false", "false");
  }

  @Test
  void writeSettlesWhenTheStreamHasPassedItsPosition() throws Exception {
    Peer peer = subscribed();
    stage.run(
        "settle(optimistic.mutate('t1', 'done', () => fetch('api/tasks/t1', { method: 'POST' })).then(a => a.status))");
    peer.send(change(6, "theirs"));
    stage.awaitValue("tasks.position", "e1.6");
    stage.server().request().answer(200, "{}", "Tidewire-Position", "other=zz.9, tasks=e1.7");
    // the answer is there, the stream is not: the value shown stays
    stage.run("setTimeout(() => note('later'), 50)");
    stage.awaitLog("t1 done", "later");
    peer.send(change(7, "done"));
    stage.awaitLog("t1 done", "later", "t1 done", "event theirs", "event done", "resolved 200");
  }

  @Test
  void writeThatTheStreamHasPassedAlreadySettlesAtOnce() throws Exception {
    Peer peer = subscribed();
    stage.run(
        "settle(optimistic.mutate('t1', 'done', () => fetch('api/tasks/t1')).then(a => a.status))");
    peer.send(change(6, "done"));
    stage.awaitValue("tasks.position", "e1.6");
    stage.server().request().answer(200, "{}", "Tidewire-Position", "tasks=e1.6");
    stage.awaitLog("t1 done", "t1 done", "event done", "resolved 200");
  }

  @Test
  void writeThatChangedNothingOnTheChannelSettlesAtOnce() throws Exception {
    subscribed();
    stage.run(
        "settle(optimistic.mutate('t1', 'done', () => fetch('api/tasks/t1')).then(a => a.status))");
    stage.server().request().answer(200, "{}", "Tidewire-Position", "none");
    stage.awaitLog("t1 done", "t1 done", "resolved 200");
  }

  @Test
  void streamOfAnotherLifeEndsTheWaiting() throws Exception {
    Peer peer = subscribed();
    stage.run("settle(passed(tasks, 'e1.9'))");
    peer.send(
        Peer.frame("reset", "'topic':'tasks','payload':{'reason':'EPOCH','position':'e2.3'}"));
    stage.awaitLog("resolved false");
    stage.run("settle(passed(tasks, 'e2.3')); settle(passed(tasks, 'e2.4', { within: 1 }))");
    stage.awaitLog("resolved false", "resolved true", "resolved false");
  }

  @Test
  void positionHeaderIsReadPerTopic() {
    stage.load("positions");
    assertThat(
            stage.value(
                "[positionOf('a=e1.1, chat/b=e2.22', 'chat/b'), positionOf('none', 'a'), positionOf('a=x', 'a'), positionOf(null, 'a'),"
                    + " positionOf(new Headers({ [POSITION_HEADER]: 'a=e1.3' }), 'a')].join()"))
        .isEqualTo("e2.22,,,,e1.3");
  }
}
