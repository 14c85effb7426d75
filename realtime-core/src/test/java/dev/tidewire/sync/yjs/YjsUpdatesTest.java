package dev.tidewire.sync.yjs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against vectors that Yjs itself made of random histories. */
class YjsUpdatesTest {

  private record Vector(String kind, byte[] expected, List<byte[]> arguments) {}

  private static List<Vector> vectors(String kind) throws IOException {
    List<Vector> vectors = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(
                YjsUpdatesTest.class.getResourceAsStream("vectors.txt"), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(kind + " ")) {
          List<byte[]> all =
              Stream.of(line.split(" ")).skip(1).map(Base64.getDecoder()::decode).toList();
          vectors.add(new Vector(kind, all.get(0), all.subList(1, all.size())));
        }
      }
    }
    return vectors;
  }

  @Test
  void mergeGivesTheBytesOfYjs() throws IOException {
    List<Vector> vectors = vectors("merge");
    assertThat(vectors).hasSizeGreaterThan(60);
    for (Vector vector : vectors) {
      assertThat(YjsUpdates.merge(vector.arguments())).isEqualTo(vector.expected());
    }
  }

  @Test
  void diffGivesTheBytesOfYjs() throws IOException {
    List<Vector> vectors = vectors("diff");
    assertThat(vectors).hasSizeGreaterThan(60);
    for (Vector vector : vectors) {
      byte[] diff = YjsUpdates.diff(vector.arguments().get(0), vector.arguments().get(1));
      assertThat(diff).isEqualTo(vector.expected());
    }
  }

  @Test
  void stateVectorGivesTheBytesOfYjsAlsoWhereUpdatesAreMissing() throws IOException {
    List<Vector> vectors = vectors("vector");
    assertThat(vectors).hasSizeGreaterThan(60);
    for (Vector vector : vectors) {
      assertThat(YjsUpdates.stateVector(vector.arguments().get(0))).isEqualTo(vector.expected());
    }
  }

  @Test
  void mergingInAnyOrderAndTwiceHasTheSameContent() throws IOException {
    Random random = new Random(5);
    for (Vector vector : vectors("merge")) {
      List<byte[]> again = new ArrayList<>(vector.arguments());
      again.addAll(vector.arguments());
      Collections.shuffle(again, random);
      UpdateCheck one = UpdateCheck.of(vector.expected());
      UpdateCheck other = UpdateCheck.of(YjsUpdates.merge(again));
      assertThat(other.structs()).isEqualTo(one.structs());
      assertThat(other.deletes()).isEqualTo(one.deletes());
    }
  }

  @Test
  void compactingKeepsEveryClockAndEveryDeletion() throws IOException {
    long before = 0;
    long after = 0;
    for (Vector vector : vectors("merge")) {
      byte[] compact = YjsUpdates.compact(vector.expected());
      UpdateCheck check = UpdateCheck.of(compact);
      assertThat(check.structs()).isEqualTo(UpdateCheck.of(vector.expected()).structs());
      assertThat(check.deletes()).isEqualTo(UpdateCheck.of(vector.expected()).deletes());
      before += vector.expected().length;
      after += compact.length;
    }
    assertThat(after).isLessThan(before);
  }

  @Test
  void whatWasCutOffAnywhereIsRefused() throws IOException {
    for (Vector vector : vectors("merge").subList(0, 30)) {
      byte[] update = vector.expected();
      for (int length = 0; length < update.length; length++) {
        byte[] cut = Arrays.copyOf(update, length);
        assertThatThrownBy(() -> YjsUpdates.check(cut)).isInstanceOf(BadUpdate.class);
      }
    }
  }

  @Test
  void bytesTurnedAtRandomAreRefusedOrStillAnUpdate() throws IOException {
    Random random = new Random(11);
    int refused = 0;
    List<Vector> vectors = vectors("merge");
    for (int i = 0; i < 20_000; i++) {
      byte[] update = vectors.get(random.nextInt(vectors.size())).expected().clone();
      for (int turns = 1 + random.nextInt(3); turns > 0; turns--) {
        update[random.nextInt(update.length)] = (byte) random.nextInt(256);
      }
      try {
        byte[] merged = YjsUpdates.merge(List.of(update, vectors.get(0).expected()));
        YjsUpdates.check(YjsUpdates.compact(merged));
      } catch (BadUpdate e) {
        refused++;
      }
    }
    assertThat(refused).isGreaterThan(5_000);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "", // nothing at all
        "00", // no delete set
        "000000", // something after it
        "ffffffffffffff1f00", // 2^53 clients
        "ffffffffffffffffff7f00", // more than JavaScript counts to
        "8080808080808080808080800000", // a number without an end
        "01010100" + "00" + "00" + "00", // an empty struct
        "01010100" + "20" + "01" + "00", // flags on a struct that has none
        "01010100" + "0b" + "0101610161" + "00", // no kind of content
        "01010100" + "84" + "0100" + "0161" + "00", // its own neighbour
        "01010100" + "04" + "000100" + "0161" + "00", // in itself
        "01010100" + "04" + "020161" + "0161" + "00", // parent neither named nor an id
        "01010100" + "04" + "010161" + "00" + "00", // empty text
        "01010100" + "04" + "010161" + "02c328" + "00", // no UTF-8
        "01010100" + "04" + "010161" + "03eda080" + "00", // half a character
        "01010100" + "04" + "010161" + "ffffffff0f61" + "00", // text of 4 GiB
        "01010100" + "05" + "010161" + "017b" + "00", // no JSON
        "01010100" + "07" + "010161" + "07" + "00", // no shared type
        "01010100" + "08" + "010161" + "ffffffff0f7f" + "00", // 4 billion values
        "01010100" + "08" + "010161" + "0173" + "00", // no type of a value
        "01010100" + "09" + "010161" + "0161" + "7e" + "00", // a document without options
        "010101ffffffffffffff0f" + "00" + "01" + "00", // clocks beyond all counting
        "0001010100" + "00", // a deletion of nothing
        "02" + "01050000" + "01" + "01050900" + "01" + "00", // a client that is in it twice
      })
  void isNoUpdate(String hex) {
    byte[] update = HexFormat.of().parseHex(hex);
    assertThatThrownBy(() -> YjsUpdates.check(update)).isInstanceOf(BadUpdate.class);
    assertThatThrownBy(() -> YjsUpdates.merge(List.of(update, update)))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void deepNestingIsRefusedBeforeItHurts() {
    ByteWriter arrays = new ByteWriter();
    arrays.varUint(1).varUint(1).varUint(1).varUint(0).uint8(Struct.ANY);
    arrays.varUint(1).varString("a").varUint(1);
    for (int i = 0; i < 1_000_000; i++) {
      arrays.uint8(117).varUint(1);
    }
    assertThatThrownBy(() -> YjsUpdates.check(arrays.toBytes())).hasMessageContaining("nested");

    ByteWriter json = new ByteWriter();
    json.varUint(1).varUint(1).varUint(1).varUint(0).uint8(Struct.EMBED);
    json.varUint(1).varString("a").varString("[".repeat(1_000_000)).varUint(0);
    assertThatThrownBy(() -> YjsUpdates.check(json.toBytes())).hasMessageContaining("nested");
  }

  @Test
  void clientsInAnotherOrderArePutInOrder() {
    byte[] wrong =
        new ByteWriter()
            .varUint(2)
            .raw(new byte[] {1, 5, 0, 0, 3}, 0, 5)
            .raw(new byte[] {1, 9, 0, 0, 2}, 0, 5)
            .varUint(0)
            .toBytes();
    byte[] right = {2, 1, 9, 0, 0, 2, 1, 5, 0, 0, 3, 0};
    assertThat(YjsUpdates.merge(List.of(wrong))).isEqualTo(right);
  }
}
