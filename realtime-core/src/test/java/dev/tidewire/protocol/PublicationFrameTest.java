package dev.tidewire.protocol;

import static dev.tidewire.testing.Json.json;
import static dev.tidewire.testing.Json.parse;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.channel.Draft;
import dev.tidewire.channel.Operation;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import dev.tidewire.channel.RowChange;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class PublicationFrameTest {

  private static final Position POSITION = new Position("k3f9", 182);
  private static final long TIME = 1_760_000_000_007L;
  private static final String TS = "2025-10-09T08:53:20.007Z";

  private final FrameCodec codec = new FrameCodec(new FrameIds("n"), 100);

  private static String text(Draft draft) {
    Publication publication = draft.at(POSITION, TIME);
    String text = new String(publication.frame(), StandardCharsets.UTF_8);
    assertThat(text).doesNotContain("\n").doesNotContain("\r");
    return text;
  }

  @Test
  void anEventHasExactlyTheFieldsOfTheProtocol() {
    Draft draft = codec.event("chat/general", "message", "{\"text\":\"hi\"}", "u1", false, null);

    assertThat(text(draft))
        .isEqualTo(
            json(
                "{'id':'k3f9.182','type':'event','ts':'"
                    + TS
                    + "','topic':'chat/general','event':'message','userId':'u1',"
                    + "'data':{'text':'hi'}}"));
  }

  @Test
  void anEventOfTheServerHasNoUser() {
    Draft draft = codec.event("t", "e", "7", null, false, null);

    assertThat(parse(text(draft)).propertyNames())
        .containsExactly("id", "type", "ts", "topic", "event", "data");
    assertThat(draft.dataJson()).isEqualTo("7");
  }

  @Test
  void aChangeHasExactlyTheFieldsOfTheProtocol() {
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("id", 7);
    row.put("note", null);
    Draft draft =
        codec.change(
            new RowChange("orders", Operation.UPDATE, row, Map.of("id", 6), "u1", "tx9", "m4"));

    assertThat(text(draft))
        .isEqualTo(
            json(
                "{'id':'k3f9.182','type':'db_change','ts':'"
                    + TS
                    + "','topic':'orders','operation':'UPDATE','data':{'id':7,'note':null},"
                    + "'old':{'id':6},'userId':'u1','tx':'tx9','cause':'m4'}"));
    assertThat(draft.dataJson()).isEqualTo(json("{'id':7,'note':null}"));
  }

  @Test
  void anInsertHasNoOldRow() {
    Draft draft =
        codec.change(
            new RowChange("orders", Operation.INSERT, Map.of("id", 7), null, null, null, null));

    assertThat(parse(text(draft)).propertyNames())
        .containsExactly("id", "type", "ts", "topic", "operation", "data");
  }

  @Test
  void aDeleteCarriesTheRowAsDataAndAsOld() {
    for (Map<String, Object> old : Arrays.asList(null, Map.<String, Object>of("id", 7))) {
      JsonNode frame =
          parse(
              text(
                  codec.change(
                      new RowChange(
                          "orders", Operation.DELETE, Map.of("id", 7), old, null, null, null))));

      assertThat(frame.get("data")).isEqualTo(parse(json("{'id':7}")));
      assertThat(frame.get("old")).isEqualTo(parse(json("{'id':7}")));
    }
  }

  @Test
  void aResetNamesItsOwnPosition() {
    Draft draft = codec.reset("orders", "UNKNOWN_CHANGE");

    assertThat(text(draft))
        .isEqualTo(
            json(
                "{'id':'k3f9.182','type':'reset','ts':'"
                    + TS
                    + "','topic':'orders',"
                    + "'payload':{'reason':'UNKNOWN_CHANGE','position':'k3f9.182'}}"));
    assertThat(draft.dataJson()).isEqualTo("null");
  }

  @Property(tries = 300)
  void anyTextSurvivesInEveryField(
      @ForAll @StringLength(max = 40) String event,
      @ForAll @StringLength(max = 40) String userId,
      @ForAll String value) {
    String data = codec.toJson(Map.of("value", value));
    JsonNode frame = parse(text(codec.event("t", event, data, userId, false, null)));

    // What is no Unicode text (a lone surrogate) cannot be written as UTF-8.
    assertThat(frame.get("event").asString()).isEqualTo(throughUtf8(event));
    assertThat(frame.get("userId").asString()).isEqualTo(throughUtf8(userId));
    assertThat(frame.get("data").get("value").asString()).isEqualTo(throughUtf8(value));
  }

  private static String throughUtf8(String text) {
    return new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
  }
}
