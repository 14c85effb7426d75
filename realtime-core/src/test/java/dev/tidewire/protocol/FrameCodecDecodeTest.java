package dev.tidewire.protocol;

import static dev.tidewire.testing.Json.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.tidewire.channel.Position;
import dev.tidewire.presence.Member;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FrameCodecDecodeTest {

  private static final Position K7 = new Position("k3f9", 7);

  private final FrameCodec codec = new FrameCodec(new FrameIds("n"), 100);

  private List<Inbound> decode(String quoted) {
    return codec.decode(json(quoted));
  }

  private Inbound one(String quoted) {
    List<Inbound> frames = decode(quoted);
    assertThat(frames).hasSize(1);
    return frames.get(0);
  }

  private Inbound.Refused refused(String quoted) {
    assertThat(one(quoted)).isInstanceOf(Inbound.Refused.class);
    return (Inbound.Refused) one(quoted);
  }

  private String data(String frame) {
    Inbound inbound = codec.decode(frame).get(0);
    assertThat(inbound).isInstanceOf(Command.Publish.class);
    return ((Command.Publish) inbound).data();
  }

  static Stream<Arguments> commands() {
    return Stream.of(
        arguments("{'type':'auth','token':'t'}", new Command.Auth(null, "t")),
        arguments("{'id':'c1','type':'auth','token':'t'}", new Command.Auth("\"c1\"", "t")),
        arguments(
            "{'type':'subscribe','topic':'a/b'}", new Command.Subscribe(null, "a/b", null, null)),
        arguments(
            "{'type':'subscribe','topic':'t','since':'k3f9.7','presence':true}",
            new Command.Subscribe(null, "t", K7, true)),
        arguments(
            "{'type':'subscribe','topic':'t','since':null,'presence':null,'snapshot':false,"
                + "'where':null}",
            new Command.Subscribe(null, "t", null, null)),
        arguments(
            "{'type':'subscribe','topic':'t','presence':false}",
            new Command.Subscribe(null, "t", null, false)),
        arguments("{'type':'unsubscribe','topic':'t'}", new Command.Unsubscribe(null, "t")),
        arguments(
            "{'type':'publish','topic':'t','event':'e','data':{'a':1}}",
            new Command.Publish(null, "t", "e", "{\"a\":1}", false, null, true)),
        arguments(
            "{'type':'publish','topic':'t','event':'e','data':null,'persist':true,'key':'k',"
                + "'echo':false}",
            new Command.Publish(null, "t", "e", "null", true, "k", false)),
        arguments(
            "{'type':'publish','topic':'t','event':'e','data':1,'persist':null,'key':null,"
                + "'echo':null}",
            new Command.Publish(null, "t", "e", "1", false, null, true)),
        arguments(
            "{'type':'track','topic':'t','data':{'n':'Ada'}}",
            new Command.Track(null, "t", "{\"n\":\"Ada\"}")),
        arguments("{'type':'track','topic':'t'}", new Command.Track(null, "t", "{}")),
        arguments("{'type':'untrack','topic':'t'}", new Command.Untrack(null, "t")),
        arguments(
            "{'type':'status','status':'away'}", new Command.SetStatus(null, Member.Status.AWAY)),
        arguments(
            "{'type':'status','status':'online'}",
            new Command.SetStatus(null, Member.Status.ONLINE)),
        arguments(
            "{'type':'history','topic':'t'}", new Command.History(null, "t", null, null, null)),
        arguments(
            "{'type':'history','topic':'t','limit':50,'before':'k3f9.7'}",
            new Command.History(null, "t", 50L, K7, null)),
        arguments(
            "{'type':'history','topic':'t','limit':-1,'before':1760000000000}",
            new Command.History(null, "t", -1L, null, 1_760_000_000_000L)),
        arguments(
            "{'type':'history','topic':'t','before':1760000000000.25}",
            new Command.History(null, "t", null, null, 1_760_000_000_001L)),
        arguments(
            "{'type':'history','topic':'t','before':1e400}",
            new Command.History(null, "t", null, null, Long.MAX_VALUE)),
        arguments("{'type':'sync','after':'k3f9.7'}", new Command.Sync(null, null, K7)),
        arguments("{'type':'sync','after':'k3f9.7','topic':'t'}", new Command.Sync(null, "t", K7)),
        arguments(
            "{'type':'call','method':'bid','data':[1]}", new Command.Call(null, "bid", "[1]")),
        arguments("{'type':'call','method':'bid'}", new Command.Call(null, "bid", "null")),
        arguments("{'type':'ping'}", new Command.Ping(null)),
        arguments("{'type':'heartbeat','id':'h'}", new Command.Ping("\"h\"")));
  }

  @ParameterizedTest
  @MethodSource("commands")
  void everyCommandIsRead(String frame, Command expected) {
    assertThat(one(frame)).isEqualTo(expected);
  }

  static Stream<Arguments> liberalForms() {
    return Stream.of(
        // fields one level down
        arguments(
            "{'type':'subscribe','payload':{'topic':'t','since':'k3f9.7','presence':true}}",
            new Command.Subscribe(null, "t", K7, true)),
        arguments(
            "{'type':'subscribe','topic':'t','payload':{'since':'k3f9.7'}}",
            new Command.Subscribe(null, "t", K7, null)),
        arguments("{'type':'auth','payload':{'token':'t'}}", new Command.Auth(null, "t")),
        arguments(
            "{'type':'status','payload':{'status':'away'}}",
            new Command.SetStatus(null, Member.Status.AWAY)),
        arguments(
            "{'type':'publish','payload':{'topic':'t','event':'e','data':{'a':1},'key':'k',"
                + "'persist':true,'echo':false}}",
            new Command.Publish(null, "t", "e", "{\"a\":1}", true, "k", false)),
        arguments(
            "{'type':'publish','topic':'t','payload':{'event':'e','data':1}}",
            new Command.Publish(null, "t", "e", "1", false, null, true)),
        arguments(
            "{'type':'call','payload':{'method':'m','data':2}}", new Command.Call(null, "m", "2")),
        arguments(
            "{'payload':{'method':'m','data':2},'type':'call'}", new Command.Call(null, "m", "2")),
        arguments(
            "{'type':'track','payload':{'topic':'t','data':{'a':1}}}",
            new Command.Track(null, "t", "{\"a\":1}")),
        // the frame's own field counts before the payload's, whatever stands first
        arguments(
            "{'payload':{'topic':'inner'},'type':'unsubscribe','topic':'outer'}",
            new Command.Unsubscribe(null, "outer")),
        arguments(
            "{'type':'unsubscribe','topic':'outer','payload':{'topic':'inner'}}",
            new Command.Unsubscribe(null, "outer")),
        // channel for topic
        arguments(
            "{'type':'subscribe','channel':'updates'}",
            new Command.Subscribe(null, "updates", null, null)),
        arguments(
            "{'type':'unsubscribe','payload':{'channel':'t'}}", new Command.Unsubscribe(null, "t")),
        // the payload as data
        arguments(
            "{'type':'publish','topic':'t','event':'e','payload':{'text':'hi'}}",
            new Command.Publish(null, "t", "e", "{\"text\":\"hi\"}", false, null, true)),
        arguments(
            "{'type':'publish','topic':'t','event':'e','payload':'hi'}",
            new Command.Publish(null, "t", "e", "\"hi\"", false, null, true)),
        arguments(
            "{'payload':{'x':1},'type':'track','topic':'t'}",
            new Command.Track(null, "t", "{\"x\":1}")),
        arguments(
            "{'type':'call','method':'m','payload':[1,2]}", new Command.Call(null, "m", "[1,2]")),
        // fields nobody knows
        arguments("{'type':'ping','x':{'deep':[1,{'y':2}]},'$z':null}", new Command.Ping(null)));
  }

  @ParameterizedTest
  @MethodSource("liberalForms")
  void otherWaysToSayItAreUnderstood(String frame, Command expected) {
    assertThat(one(frame)).isEqualTo(expected);
  }

  @Test
  void whatStandsInDataIsNeverTakenForAFieldOfTheFrame() {
    String data =
        "{'id':9,'type':5,'topic':1,'event':false,'key':12,'persist':true,'echo':false,"
            + "'token':[],'limit':'many','status':7,'since':{},'where':1,'data':2,"
            + "'payload':{'key':3}}";
    Command expected = new Command.Publish("\"c\"", "t", "e", json(data), false, null, true);

    assertThat(one("{'id':'c','type':'publish','topic':'t','event':'e','payload':" + data + "}"))
        .isEqualTo(expected);
    assertThat(one("{'payload':" + data + ",'id':'c','type':'publish','topic':'t','event':'e'}"))
        .isEqualTo(expected);
    assertThat(one("{'id':'c','type':'publish','topic':'t','event':'e','data':" + data + "}"))
        .isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'c1'      | 'c1'",
        "7         | 7",
        "-0        | -0",
        "'a\\u00e9' | 'a\\u00e9'",
        "'\\u0000'  | '\\u0000'",
        "'\\ud800'  | '\\ud800'",
        "123456789012345678901234567890 | 123456789012345678901234567890"
      },
      quoteCharacter = '`')
  void idsAreKeptAsTheyWereWritten(String id, String raw) {
    assertThat(one("{'type':'ping','id':" + id + "}")).isEqualTo(new Command.Ping(json(raw)));
  }

  @Test
  void aDuplicateFieldCountsAsItStandsLast() {
    assertThat(one("{'type':'ping','type':'unsubscribe','topic':'a','topic':'b'}"))
        .isEqualTo(new Command.Unsubscribe(null, "b"));
  }

  static Stream<Arguments> wrongFields() {
    return Stream.of(
        arguments("{'id':'c','type':'subscribe'}", "'topic' is missing"),
        arguments("{'id':'c','type':'subscribe','topic':null}", "'topic' is missing"),
        arguments("{'id':'c','type':'subscribe','topic':5}", "'topic' is a string"),
        arguments("{'id':'c','type':'subscribe','topic':{'topic':'t'}}", "'topic' is a string"),
        arguments("{'topic':['t'],'id':'c','type':'subscribe'}", "'topic' is a string"),
        arguments("{'id':'c','type':'subscribe','topic':''}", "a topic is"),
        arguments("{'id':'c','type':'subscribe','topic':'a b'}", "a topic is"),
        arguments("{'id':'c','type':'subscribe','topic':'\\ud83d'}", "a topic is"),
        arguments("{'id':'c','type':'subscribe','topic':'t\\u0000'}", "a topic is"),
        arguments("{'id':'c','type':'subscribe','topic':'é'}", "a topic is"),
        arguments("{'id':'c','type':'subscribe','topic':'t','since':7}", "'since' is a string"),
        arguments("{'id':'c','type':'subscribe','topic':'t','since':'x'}", "'since' is not"),
        arguments(
            "{'id':'c','type':'subscribe','topic':'t','since':'k.99999999999999999999'}",
            "'since' is not"),
        arguments(
            "{'id':'c','type':'subscribe','topic':'t','presence':1}",
            "'presence' is true or false"),
        arguments("{'id':'c','type':'subscribe','topic':'t','snapshot':1}", "'snapshot' is true"),
        arguments(
            "{'id':'c','type':'subscribe','topic':'t','where':[]}",
            "'where': a condition is an object"),
        arguments("{'id':'c','type':'auth'}", "'token' is missing"),
        arguments("{'id':'c','type':'auth','token':{}}", "'token' is a string"),
        arguments("{'id':'c','type':'publish','topic':'t','data':1}", "an event is"),
        arguments("{'id':'c','type':'publish','topic':'t','event':7,'data':1}", "'event' is a"),
        arguments("{'id':'c','type':'publish','topic':'t','event':'e'}", "'data' is missing"),
        arguments("{'id':'c','type':'publish','event':'e','data':1}", "'topic' is missing"),
        arguments(
            "{'id':'c','type':'publish','topic':'t','event':'e','data':1,'key':''}", "'key' is"),
        arguments(
            "{'id':'c','type':'publish','topic':'t','event':'e','data':1,'key':7}",
            "'key' is a string"),
        arguments(
            "{'id':'c','type':'publish','topic':'t','event':'e','data':1,'key':'"
                + "k".repeat(129)
                + "'}",
            "'key' is 1 to 128"),
        arguments(
            "{'id':'c','type':'publish','topic':'t','event':'e','data':1,'persist':'yes'}",
            "'persist' is true or false"),
        arguments(
            "{'id':'c','type':'publish','topic':'t','event':'e','data':1,'echo':0}",
            "'echo' is true or false"),
        arguments("{'id':'c','type':'status'}", "'status' is online or away"),
        arguments("{'id':'c','type':'status','status':'offline'}", "'status' is online or away"),
        arguments("{'id':'c','type':'status','status':[]}", "'status' is a string"),
        arguments("{'id':'c','type':'history','topic':'t','limit':'5'}", "'limit' is an integer"),
        arguments("{'id':'c','type':'history','topic':'t','limit':5.5}", "'limit' is an integer"),
        arguments(
            "{'id':'c','type':'history','topic':'t','limit':99999999999999999999}",
            "'limit' is out of range"),
        arguments(
            "{'id':'c','type':'history','topic':'t','before':99999999999999999999}",
            "'before' is out of range"),
        arguments("{'id':'c','type':'history','topic':'t','before':'x'}", "'before' is not"),
        arguments("{'id':'c','type':'history','topic':'t','before':true}", "'before' is a"),
        arguments("{'id':'c','type':'sync'}", "'after' is missing"),
        arguments("{'id':'c','type':'sync','after':'nothing'}", "'after' is not"),
        arguments("{'id':'c','type':'sync','after':'k3f9.7','topic':'a b'}", "a topic is"),
        arguments("{'id':'c','type':'call'}", "'method' is missing"),
        arguments("{'id':'c','type':'call','method':7}", "'method' is a string"));
  }

  @ParameterizedTest
  @MethodSource("wrongFields")
  void aWrongFieldIsNamedAndTheFrameIsNotMalformed(String frame, String why) {
    assertThat(refused(frame).code()).isEqualTo(ErrorCode.BAD_REQUEST);
    assertThat(refused(frame).message()).startsWith(why);
    assertThat(refused(frame).id()).isEqualTo("\"c\"");
    assertThat(refused(frame).malformed()).isFalse();
  }

  @ParameterizedTest
  @MethodSource("wrongFields")
  void afterAWrongFieldTheNextFrameIsReadAsItIs(String frame, String why) {
    assertThat(decode(frame + "{'type':'ping','id':'next'}"))
        .hasSize(2)
        .last()
        .isEqualTo(new Command.Ping("\"next\""));
  }

  @Test
  void aWrongIdIsRefusedWithoutOne() {
    for (String id : List.of("true", "1.5", "{}", "['c']", "'" + "x".repeat(127) + "'")) {
      assertThat(refused("{'type':'ping','id':" + id + "}").id()).isNull();
      assertThat(refused("{'type':'ping','id':" + id + "}").message()).startsWith("'id' is");
    }
    assertThat(one("{'type':'ping','id':'" + "x".repeat(126) + "'}"))
        .isInstanceOf(Command.Ping.class);
    assertThat(one("{'type':'ping','id':null}")).isEqualTo(new Command.Ping(null));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "\n",
        "\r\n \t",
        "null",
        "1",
        "'text'",
        "[]",
        "[{'type':'ping'}]",
        "{",
        "}",
        "{'type'}",
        "{'type':'ping'",
        "{'type':'ping',}",
        "{type:'ping'}",
        "{'a':01}",
        "{'a':NaN}",
        "{'a':'\u0001'}",
        "{'a':'x\ny'}",
        "\uFEFF{'type':'ping'}",
        "\u0000",
        "{'type':'ping'/**/}",
        "{}",
        "{'id':'c'}",
        "{'type':null}",
        "{'type':5}",
        "<xml/>"
      })
  void whatIsNoFrameIsMalformed(String text) {
    assertThat(refused(text).code()).isEqualTo(ErrorCode.BAD_REQUEST);
    assertThat(refused(text).malformed()).isTrue();
  }

  @Test
  void typesNobodyKnowsAreNamedAsSuch() {
    for (String type : List.of("chat:send", "presence", "", "PING", "members", "event")) {
      Inbound.Refused refused = refused("{'id':'c','type':'" + type + "','status':7}");
      assertThat(refused.code()).isEqualTo(ErrorCode.UNKNOWN_TYPE);
      assertThat(refused.malformed()).isFalse();
      assertThat(refused.id()).isEqualTo("\"c\"");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "presence:join", "presence:", "presence:anything", "INSERT", "UPDATE", "DELETE", "*",
        "reset", "", "a\\u0000", "a\\nb", "\\u007f", "\\ud800", "x\\udc00y"
      })
  void namesOfTheBusItselfAreRefusedAsEvents(String event) {
    assertThat(
            refused("{'id':'c','type':'publish','topic':'t','event':'" + event + "','data':1}")
                .message())
        .startsWith("an event is");
  }

  @Test
  void otherNamesAreEvents() {
    for (String event :
        List.of(
            "message", "insert", "typing-start", "metrics:update", "x".repeat(128), "😀", " ")) {
      assertThat(one("{'type':'publish','topic':'t','event':'" + event + "','data':1}"))
          .isInstanceOf(Command.Publish.class);
    }
    assertThat(
            refused("{'type':'publish','topic':'t','event':'" + "x".repeat(129) + "','data':1}")
                .message())
        .startsWith("an event is");
  }

  @Test
  void severalFramesMayStandInOneMessage() {
    String ping = "{'type':'ping','id':1}";
    assertThat(decode(ping + "\n" + ping + "\r\n" + ping + ping + " \t" + ping + "\n\n"))
        .hasSize(5)
        .allMatch(new Command.Ping("1")::equals);
  }

  @Test
  void framesMayBeSpreadOverLines() {
    assertThat(decode("{\n  'type' : 'ping' ,\n  'id' : 1\n}\n{\n 'type':'ping'\n}"))
        .containsExactly(new Command.Ping("1"), new Command.Ping(null));
  }

  @Test
  void aBadLineCostsNoOtherFrame() {
    for (String bad :
        List.of("nonsense", "{'type':'ping'", "{'a':1,}", "]", "{'a':'", "'x'", "7")) {
      List<Inbound> frames = decode("{'type':'ping','id':1}\n" + bad + "\n{'type':'ping','id':2}");

      assertThat(frames).as(bad).hasSize(3);
      assertThat(frames.get(0)).isEqualTo(new Command.Ping("1"));
      assertThat(frames.get(1)).isInstanceOf(Inbound.Refused.class);
      assertThat(frames.get(2)).isEqualTo(new Command.Ping("2"));
    }
  }

  @Test
  void theInsideOfABrokenFrameIsNeverTakenForAFrame() {
    String broken =
        "{\n 'type':'publish','topic':'t','event':'e',\n 'data':[\n"
            + "  {'type':'unsubscribe','topic':'victim'},\n"
            + "  {\n'type':'ping'}\n ],,\n}";

    assertThat(decode(broken + "\n{'type':'ping','id':2}"))
        .hasSize(2)
        .first()
        .isInstanceOf(Inbound.Refused.class);
  }

  @Test
  void afterTooManyKeysTheNextFrameIsReadAsItIs() {
    StringBuilder keys = new StringBuilder("{");
    for (int i = 0; i <= 1_000; i++) {
      keys.append("'k").append(i).append("':{'type':'unsubscribe','topic':'t','id':'inner'},");
    }
    String frame =
        "{'type':'publish','topic':'t','event':'e','data':[" + keys + "'z':1},2],'id':'c'}";

    List<Inbound> frames = decode(frame + "{'type':'ping'}");

    assertThat(frames).hasSize(2).last().isEqualTo(new Command.Ping(null));
    assertThat(frames.get(0).id()).isEqualTo("\"c\"");
    assertThat(((Inbound.Refused) frames.get(0)).message()).contains("keys");
  }

  @Test
  void thousandKeysAreReadOneMoreIsNot() {
    for (String where : List.of("'data':", "'payload':", "'data':1,'unknown':")) {
      assertThat(one(publish(where + object(1_000)))).isInstanceOf(Command.Publish.class);
      assertThat(refused(publish(where + object(1_001))).message()).contains("1000 keys");
    }
  }

  private static String publish(String rest) {
    return "{'id':'c','type':'publish','topic':'t','event':'e'," + rest + "}";
  }

  private static String object(int keys) {
    StringBuilder object = new StringBuilder("{");
    for (int i = 0; i < keys; i++) {
      object.append(i == 0 ? "" : ",").append("'k").append(i).append("':").append(i);
    }
    return object.append("}").toString();
  }

  @Test
  void thirtyTwoLevelsAreReadOneMoreIsNot() {
    for (String where : List.of("'data':", "'payload':", "'data':1,'unknown':")) {
      String at = "[".repeat(32) + "]".repeat(32);
      assertThat(one(publish(where + at))).isInstanceOf(Command.Publish.class);
      assertThat(refused(publish(where + "[" + at + "]")).message()).contains("deeper than 32");
      assertThat(refused(publish(where + "[" + at + "]")).malformed()).isFalse();
    }
    String objects = "{'a':".repeat(32) + "1" + "}".repeat(32);
    assertThat(one(publish("'payload':" + objects))).isInstanceOf(Command.Publish.class);
    assertThat(refused(publish("'payload':{'a':" + objects + "}")).message())
        .contains("deeper than 32");
  }

  @Test
  void absurdDepthIsRefusedAndDoesNotExhaustTheStack() {
    String deep = publish("'data':" + "[".repeat(50_000) + "]".repeat(50_000));

    assertThat(decode(deep + "\n{'type':'ping'}"))
        .hasSize(2)
        .first()
        .isInstanceOf(Inbound.Refused.class);
  }

  @Test
  void hundredDigitsAreReadOneMoreIsNot() {
    assertThat(data(json(publish("'data':" + "9".repeat(100))))).isEqualTo("9".repeat(100));
    assertThat(refused(publish("'data':" + "9".repeat(101))).code())
        .isEqualTo(ErrorCode.BAD_REQUEST);
    assertThat(refused(publish("'data':0." + "9".repeat(101))).code())
        .isEqualTo(ErrorCode.BAD_REQUEST);
  }

  @Test
  void hundredFramesAreReadAndTheRestIsRefusedAsOne() {
    String ping = "{'type':'ping'}\n";

    assertThat(decode(ping.repeat(100))).hasSize(100).allMatch(Command.Ping.class::isInstance);
    List<Inbound> more = decode(ping.repeat(150));
    assertThat(more).hasSize(101);
    assertThat(more.get(100))
        .isEqualTo(
            new Inbound.Refused(
                null, ErrorCode.LIMIT_EXCEEDED, "more than 100 frames in one message", false));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "-0",
        "1e400",
        "-1E-400",
        "1.10",
        "123456789012345678901234567890.10",
        "true",
        "null",
        "\"\"",
        "\"\\u0041\\n\\\"\\/\"",
        "\"\\ud83d\\ude00 😀 é\"",
        "\"\\ud800\"",
        "[]",
        "{}",
        "[ 1 , 2 ,\t3 ]",
        "{ \"a\" : [ { } , null ] , \"a\" : 2 }",
        "{\"__proto__\":{\"x\":1}}",
        "\"\u2028\u007f\""
      })
  void dataPassesThroughAsItWasWritten(String data) {
    assertThat(data("{\"type\":\"publish\",\"topic\":\"t\",\"event\":\"e\",\"data\":" + data + "}"))
        .isEqualTo(data);
    assertThat(
            data("{\"type\":\"publish\",\"topic\":\"t\",\"event\":\"e\",\"data\": " + data + " }"))
        .isEqualTo(data);
    assertThat(data("{\"data\":" + data + ",\"type\":\"publish\",\"topic\":\"t\",\"event\":\"e\"}"))
        .isEqualTo(data);
    assertThat(
            data(
                "{\"type\":\"publish\",\"topic\":\"t\",\"event\":\"e\",\"payload\" :"
                    + data
                    + "\n}"))
        .isEqualTo(data);
  }

  @Test
  void lineBreaksBetweenTokensOfDataBecomeSpaces() {
    assertThat(data(json("{'type':'publish','topic':'t','event':'e','data':{\r\n'a':\n1}}")))
        .isEqualTo("{  \"a\": 1}");
  }

  @Test
  void aLargeMessageIsReadAtItsRightPlaces() {
    String text = "é".repeat(200_000);
    String frame = json("{'type':'publish','topic':'t','event':'e','data':'" + text + "','id':5}");

    List<Inbound> frames = codec.decode(frame + "\n" + frame);

    assertThat(frames)
        .hasSize(2)
        .allSatisfy(f -> assertThat(((Command.Publish) f).data()).isEqualTo('"' + text + '"'));
  }

  @Test
  void aKnownTypeNeedNotBeSaid() {
    assertThat(codec.decodeAs("publish", json(" {'topic':'t','event':'e','data':1} \n")))
        .isEqualTo(new Command.Publish(null, "t", "e", "1", false, null, true));
    assertThat(codec.decodeAs("history", json("{'topic':'t','limit':5}")))
        .isEqualTo(new Command.History(null, "t", 5L, null, null));
  }

  @Test
  void nothingMayFollowWhereOneFrameIsExpected() {
    for (String text :
        List.of("{'topic':'t','event':'e','data':1}{}", "{'topic':'t'} x", "", "x")) {
      Inbound inbound = codec.decodeAs("publish", json(text));
      assertThat(inbound).isInstanceOf(Inbound.Refused.class);
      assertThat(((Inbound.Refused) inbound).malformed()).isTrue();
    }
  }
}
