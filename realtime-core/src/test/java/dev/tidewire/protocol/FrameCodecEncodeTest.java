package dev.tidewire.protocol;

import static dev.tidewire.testing.Json.json;
import static dev.tidewire.testing.Json.parse;
import static dev.tidewire.testing.Json.without;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.fasterxml.jackson.annotation.JsonRawValue;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.history.HistoryMessage;
import dev.tidewire.presence.Member;
import dev.tidewire.presence.PresenceDiff;
import dev.tidewire.presence.PresenceState;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class FrameCodecEncodeTest {

  private static final long NOW = 1_760_000_000_000L;
  private static final String TS = "2025-10-09T08:53:20.000Z";
  private static final Position K181 = new Position("k3f9", 181);
  private static final Member ADA =
      new Member(
          "u1",
          json("{'name':'Ada','userId':'u1'}"),
          Member.Status.ONLINE,
          List.of(new Member.Link("c9", json("{'name':'Ada'}"), Member.Status.AWAY)),
          NOW);

  private static FrameCodec codec() {
    return new FrameCodec(new FrameIds("n0"), 100);
  }

  static Stream<Arguments> acks() {
    Publication missed = codec().event("t", "e", "{\"a\":1.10}", "u1", false, null).at(K181, NOW);
    return Stream.of(
        arguments(new Reply.Done(), ""),
        arguments(new Reply.Authenticated("u1"), ",'userId':'u1'"),
        arguments(
            new Reply.Subscribed("t", K181, null, List.of()), ",'topic':'t','position':'k3f9.181'"),
        arguments(
            new Reply.Subscribed("t", K181, false, List.of()),
            ",'topic':'t','position':'k3f9.181','recovered':false,'messages':[]"),
        arguments(
            new Reply.Subscribed("t", K181, true, List.of(missed)),
            ",'topic':'t','position':'k3f9.181','recovered':true,'messages':["
                + "{'id':'k3f9.181','type':'event','ts':'"
                + TS
                + "','topic':'t','event':'e','userId':'u1','data':{'a':1.10}}]"),
        arguments(
            new Reply.Published("t", K181, NOW, false),
            ",'topic':'t','position':'k3f9.181','ts':'" + TS + "'"),
        arguments(
            new Reply.Published("t", K181, NOW, true),
            ",'topic':'t','position':'k3f9.181','ts':'" + TS + "','repeated':true"),
        arguments(
            new Reply.HistoryPage(
                "t",
                List.of(
                    new HistoryMessage(K181, "t", "u1", "e", "{\"x\":1e400}", NOW),
                    new HistoryMessage(K181, "t", null, "e", "null", NOW))),
            ",'topic':'t','messages':[{'id':'k3f9.181','room_id':'t','user_id':'u1','event':'e',"
                + "'data':{'x':1e400},'created_at':1760000000000},{'id':'k3f9.181',"
                + "'room_id':'t','user_id':null,'event':'e','data':null,"
                + "'created_at':1760000000000}]"),
        arguments(
            new Reply.MemberList(new PresenceState("t", 17, List.of(ADA, ADA)), 1),
            ",'topic':'t','rev':17,'count':2,'members':[" + MEMBER + "]"),
        arguments(new Reply.Answer("[1,\"x\"]"), ",'data':[1,'x']"));
  }

  private static final String MEMBER =
      "{'userId':'u1','data':{'name':'Ada','userId':'u1'},'status':'online','since':'"
          + TS
          + "','connections':[{'id':'c9','data':{'name':'Ada'},'status':'away'}]}";

  @ParameterizedTest
  @MethodSource("acks")
  void everyAckHasTheFieldsOfTheProtocol(Reply.Ack ack, String rest) {
    assertThat(codec().encode(ack, "\"c2\"", NOW))
        .isEqualTo(
            json(
                "{'id':'sn0-1','type':'ack','ts':'"
                    + TS
                    + "','payload':{'messageId':'c2'"
                    + rest
                    + "}}"));
  }

  @ParameterizedTest
  @MethodSource("acks")
  void theAnswerOfARequestIsThePayloadAlone(Reply.Ack ack, String rest) {
    String fields = rest.isEmpty() ? "" : rest.substring(1);
    assertThat(codec().encodePayload(ack)).isEqualTo(json("{" + fields + "}"));
  }

  @Test
  void aNumberAsIdIsEchoedAsANumber() {
    assertThat(parse(codec().encode(new Reply.Done(), "7", NOW)).at("/payload/messageId").isInt())
        .isTrue();
  }

  @Test
  void anErrorHasTheFieldsOfTheProtocol() {
    Reply.Failure failure = Reply.Failure.of(ErrorCode.FORBIDDEN, "no \"way\"");
    assertThat(codec().encode(failure, "\"c4\"", NOW))
        .isEqualTo(
            "{\"id\":\"sn0-1\",\"type\":\"error\",\"ts\":\""
                + TS
                + "\",\"payload\":{\"messageId\":\"c4\",\"code\":\"FORBIDDEN\",\"message\":"
                + "\"no \\\"way\\\"\",\"temporary\":false,\"retryAfterMs\":null}}");
    Reply.Failure later = new Reply.Failure("RATE_LIMITED", 429, "slow", true, 20L);
    assertThat(codec().encode(later, null, NOW))
        .isEqualTo(
            json(
                "{'id':'sn0-1','type':'error','ts':'"
                    + TS
                    + "','payload':{'code':'RATE_LIMITED','message':'slow','temporary':true,"
                    + "'retryAfterMs':20}}"));
  }

  static Stream<Arguments> pushes() {
    return Stream.of(
        arguments(
            new Push.Welcome("c1", "secret", "u1", 25_000, 5_000, 65_536),
            "'type':'welcome','ts':'"
                + TS
                + "','payload':{'connection':'c1','session':'secret','userId':'u1',"
                + "'pingInterval':25000,'pongTimeout':5000,'maxFrameBytes':65536,'protocol':1}"),
        arguments(
            new Push.Presence(new PresenceDiff("room/1", 17, PresenceDiff.Change.JOIN, ADA, null)),
            "'type':'presence','ts':'"
                + TS
                + "','topic':'room/1','event':'presence:join','userId':'u1',"
                + "'data':{'name':'Ada','userId':'u1'},'status':'online','rev':17"),
        arguments(
            new Push.Presence(
                new PresenceDiff(
                    "room/1", 18, PresenceDiff.Change.LEAVE, ADA, PresenceDiff.Reason.TIMEOUT)),
            "'type':'presence','ts':'"
                + TS
                + "','topic':'room/1','event':'presence:leave','userId':'u1',"
                + "'data':{'name':'Ada','userId':'u1'},'status':'offline',"
                + "'reason':'timeout','rev':18"),
        arguments(
            new Push.PresenceChanges(
                "room/1",
                17,
                20,
                List.of(
                    new PresenceDiff("room/1", 18, PresenceDiff.Change.JOIN, ADA, null),
                    new PresenceDiff(
                        "room/1", 20, PresenceDiff.Change.LEAVE, ADA, PresenceDiff.Reason.LOGOUT))),
            "'type':'presence','ts':'"
                + TS
                + "','topic':'room/1','event':'presence:diff','from':17,'rev':20,'changes':["
                + "{'event':'presence:join','userId':'u1',"
                + "'data':{'name':'Ada','userId':'u1'},'status':'online'},"
                + "{'event':'presence:leave','userId':'u1',"
                + "'data':{'name':'Ada','userId':'u1'},'status':'offline','reason':'logout'}]"),
        arguments(
            new Push.Members(new PresenceState("room/1", 17, List.of(ADA)), 0),
            "'type':'presence_state','ts':'"
                + TS
                + "','topic':'room/1','rev':17,'count':1,'members':["
                + MEMBER
                + "]"),
        arguments(
            new Push.Reset("orders", "EVICTED", new Position("zz01", 5)),
            "'type':'reset','ts':'"
                + TS
                + "','topic':'orders','payload':{'reason':'EVICTED','position':'zz01.5'}"),
        arguments(
            new Push.Advice(true, 0, 15_000),
            "'type':'advice','ts':'"
                + TS
                + "','payload':{'reconnect':'retry','delayMs':[0,15000]}"),
        arguments(
            new Push.Advice(false, 0, 0),
            "'type':'advice','ts':'" + TS + "','payload':{'reconnect':'stop','delayMs':[0,0]}"),
        arguments(new Push.Pong(), "'type':'pong','ts':'" + TS + "'"));
  }

  @ParameterizedTest
  @MethodSource("pushes")
  void everyPushHasTheFieldsOfTheProtocol(Push push, String rest) {
    assertThat(codec().encode(push, NOW)).isEqualTo(json("{'id':'sn0-1'," + rest + "}"));
  }

  @Test
  void idsOfFramesNeverRepeatAndCannotBeTakenForPositions() {
    FrameCodec codec = codec();
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < 5_000; i++) {
      String id = parse(codec.encode(new Push.Pong(), NOW)).get("id").asString();
      assertThat(ids.add(id)).isTrue();
      assertThat(Position.parse(id)).isNull();
    }
  }

  @Test
  void presenceStatesCarryTheTrueUserAndAreOtherwiseUntouched() {
    FrameCodec codec = codec();

    assertThat(codec.presenceData(json("{'userId':'root','n':1.10,'userId':{},'x':[{ }]}"), "u1"))
        .isEqualTo(json("{'n':1.10,'x':[{ }],'userId':'u1'}"));
    assertThat(codec.presenceData("{ }", "a\"b")).isEqualTo("{\"userId\":\"a\\\"b\"}");
    assertThat(codec.presenceData("{\"k\\n\":-1e400,\"\":\"\\ud83d\"}", "u"))
        .isEqualTo("{\"k\\n\":-1e400,\"\":\"\\ud83d\",\"userId\":\"u\"}");
    assertThat(codec.presenceData("[]", "u1")).isNull();
    assertThat(codec.presenceData("null", "u1")).isNull();
  }

  record Laid(@JsonRawValue String out) {}

  @Test
  void javaValuesBecomeOneLineOfJson() {
    FrameCodec codec = codec();

    assertThat(codec.toJson(Map.of("text", "a\nb"))).isEqualTo("{\"text\":\"a\\nb\"}");
    assertThat(codec.toJson(null)).isEqualTo("null");
    assertThat(codec.toJson(ADA)).contains("\"userId\":\"u1\"");
    assertThat(codec.toJson(new Laid("{\r\n \"x\": 1\n}"))).isEqualTo("{\"out\":{   \"x\": 1 }}");
  }

  @Test
  void whatCannotBecomeJsonIsMisuse() {
    List<Object> cycle = new ArrayList<>();
    cycle.add(cycle);

    assertThatThrownBy(() -> codec().toJson(cycle))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("java.util.ArrayList");
  }

  @Test
  void jsonOfAnotherShapeIsRefused() {
    assertThat((Object) codec().fromJson("{\"a\":1}", Map.class)).isEqualTo(Map.of("a", 1));
    assertThatThrownBy(() -> codec().fromJson("[]", Map.class))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> codec().fromJson("null", Map.class))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void errorCodesKeepTheirStatusAndWhetherTheyPass() {
    Set<ErrorCode> temporary = new HashSet<>();
    for (ErrorCode code : ErrorCode.values()) {
      assertThat(code.httpStatus()).isBetween(400, 503);
      if (code.temporary()) {
        temporary.add(code);
      }
    }
    assertThat(temporary)
        .containsExactlyInAnyOrder(
            ErrorCode.RATE_LIMITED, ErrorCode.UNAVAILABLE, ErrorCode.INTERNAL);
    JsonNode frame =
        parse(codec().encode(Reply.Failure.of(ErrorCode.TOO_LARGE, "x"), "\"c\"", NOW));
    assertThat(without(frame, "id", "ts").propertyNames()).containsExactly("type", "payload");
  }
}
