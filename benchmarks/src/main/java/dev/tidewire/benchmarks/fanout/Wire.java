package dev.tidewire.benchmarks.fanout;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.util.List;

/** What a server is told and answers. Immutable, safe for any thread. */
enum Wire {
  /** The bus: envelope, order, offsets, recovery, acknowledgement. */
  TIDEWIRE("Tidewire") {
    @Override
    String path(int channel) {
      return "/realtime/ws";
    }

    @Override
    List<String> greeting(int channel) {
      return List.of(
          "{\"id\":\"s\",\"type\":\"subscribe\",\"topic\":\"c"
              + channel
              + "\",\"presence\":false}");
    }

    @Override
    List<String> presence(int channel) {
      return List.of(
          "{\"id\":\"t\",\"type\":\"track\",\"topic\":\"c" + channel + "\",\"data\":{}}");
    }

    @Override
    boolean isAnswer(String message) {
      return message.contains("\"type\":\"ack\"");
    }

    @Override
    byte[] publish(int channel, byte[] payload) {
      byte[] head =
          ("{\"id\":\"p\",\"type\":\"publish\",\"topic\":\"c"
                  + channel
                  + "\",\"event\":\"e\",\"data\":")
              .getBytes(US_ASCII);
      byte[] frame = new byte[head.length + payload.length + 1];
      System.arraycopy(head, 0, frame, 0, head.length);
      System.arraycopy(payload, 0, frame, head.length, payload.length);
      frame[frame.length - 1] = '}';
      return frame;
    }

    @Override
    int trailer() {
      return 1; // the brace that closes the frame
    }
  },

  /** A Jakarta endpoint that sends every text to every session of its path. */
  BARE("bare") {
    @Override
    String path(int channel) {
      return "/bare/c" + channel;
    }

    @Override
    List<String> greeting(int channel) {
      return List.of();
    }

    @Override
    List<String> presence(int channel) {
      return List.of();
    }

    @Override
    boolean isAnswer(String message) {
      return message.equals(BareEndpoint.READY);
    }

    @Override
    byte[] publish(int channel, byte[] payload) {
      return payload;
    }

    @Override
    int trailer() {
      return 0;
    }
  };

  private final String title;

  Wire(String title) {
    this.title = title;
  }

  String title() {
    return title;
  }

  abstract String path(int channel);

  /** What a connection says first; one answer tells that it will hear everything from now on. */
  abstract List<String> greeting(int channel);

  /** What it says to be present in the channel; each has an answer. */
  abstract List<String> presence(int channel);

  abstract boolean isAnswer(String message);

  abstract byte[] publish(int channel, byte[] payload);

  /** Bytes of a delivered frame after its payload. */
  abstract int trailer();
}
