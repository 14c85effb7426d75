package dev.tidewire.demo;

import dev.tidewire.sync.yjs.YjsUpdates;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/** The update format as a filter: an operation and updates in Base64 a line, the result back. */
final class YjsCodec {

  private YjsCodec() {}

  public static void main(String[] args) throws Exception {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      List<byte[]> updates = Stream.of(words).skip(1).map(Base64.getDecoder()::decode).toList();
      byte[] result =
          switch (words[0]) {
            case "merge" -> YjsUpdates.merge(updates);
            case "diff" -> YjsUpdates.diff(updates.get(0), updates.get(1));
            case "vector" -> YjsUpdates.stateVector(updates.get(0));
            case "compact" -> YjsUpdates.compact(updates.get(0));
            default -> throw new IllegalArgumentException(words[0]);
          };
      System.out.println(Base64.getEncoder().encodeToString(result));
    }
  }
}
