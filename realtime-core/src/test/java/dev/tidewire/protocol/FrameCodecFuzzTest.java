package dev.tidewire.protocol;

import static dev.tidewire.testing.Json.json;
import static dev.tidewire.testing.Json.parse;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

class FrameCodecFuzzTest {

  private static final List<String> FRAMES =
      List.of(
          "{'id':'c2','type':'subscribe','topic':'chat/general','since':'k3f9.174','presence':true}",
          "{'id':4,'type':'publish','topic':'t','event':'m','data':{'a':[1,-2.5e3,'x\\u0041']},"
              + "'persist':true,'key':'k','echo':false}",
          "{'id':'c5','type':'track','topic':'room/1','data':{'name':'Ada','cursor':{'x':1}}}",
          "{'id':'c8','type':'history','topic':'t','limit':50,'before':1760000000000}",
          "{'type':'call','payload':{'method':'bid','data':{'lot':3}}}",
          "{'type':'publish','topic':'t','event':'e','payload':{'deep':[[[[{'a':null}]]]]}}",
          "{'type':'ping'}\n{'type':'sync','after':'k3f9.174'}");

  private final FrameCodec codec = new FrameCodec(new FrameIds("n"), 100);

  private void survives(String text) {
    List<Inbound> frames = codec.decode(text);
    assertThat(frames).isNotEmpty().hasSizeLessThanOrEqualTo(101);
    for (Inbound frame : frames) {
      if (frame.id() != null) {
        parse(frame.id()); // echoed as it is, so it must be JSON
      }
      if (frame instanceof Command.Publish publish) {
        assertThat(Topics.isTopic(publish.topic())).isTrue();
        assertThat(Topics.isEvent(publish.event())).isTrue();
        parse(publish.data());
        assertThat(publish.data()).doesNotContain("\n", "\r");
      }
    }
    assertThat(codec.decodeAs("publish", text)).isNotNull();
  }

  @Property(tries = 1_000)
  void randomTextIsAnswered(@ForAll("jsonish") String text) {
    survives(text);
  }

  @Provide
  Arbitrary<String> jsonish() {
    return Arbitraries.of(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\",
            "\\u",
            "\n",
            "\r",
            " ",
            "0",
            "-",
            "1e9",
            ".5",
            "true",
            "null",
            "\"type\"",
            "\"ping\"",
            "\"id\"",
            "\"payload\"",
            "\"data\"",
            "\"topic\"",
            "\"publish\"",
            "\"event\"",
            "é",
            "\ud83d",
            "\u0000",
            "/*",
            "'",
            "NaN")
        .list()
        .ofMaxSize(40)
        .map(parts -> String.join("", parts));
  }

  @Property(tries = 500)
  void randomBytesAreAnswered(@ForAll byte[] bytes) {
    survives(new String(bytes, StandardCharsets.UTF_8));
    survives(new String(bytes, StandardCharsets.ISO_8859_1));
  }

  @Property(tries = 2_000)
  void damagedFramesAreAnswered(@ForAll long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder(json(FRAMES.get(random.nextInt(FRAMES.size()))));
    for (int damage = random.nextInt(4); damage >= 0; damage--) {
      int at = random.nextInt(text.length());
      switch (random.nextInt(4)) {
        case 0 -> text.deleteCharAt(at);
        case 1 -> text.insert(at, "{}[],:\"\\\n \u0000x9".charAt(random.nextInt(13)));
        case 2 -> text.setCharAt(at, (char) random.nextInt(0x10000));
        default -> text.insert(at, text.substring(at, Math.min(text.length(), at + 9)));
      }
    }
    survives(text.toString());
  }

  @Property(tries = 300)
  void aFrameCutAnywhereIsAnswered(@ForAll long seed) {
    Random random = new Random(seed);
    String frame = json(FRAMES.get(random.nextInt(FRAMES.size())));
    survives(frame.substring(0, random.nextInt(frame.length())));
  }
}
