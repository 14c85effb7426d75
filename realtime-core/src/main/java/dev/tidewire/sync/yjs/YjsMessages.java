package dev.tidewire.sync.yjs;

/**
 * The messages of {@code y-protocols} as {@code y-websocket} frames them: a number for the protocol
 * and, for synchronization, one for the step, then the payload. Stateless, safe for any thread.
 */
final class YjsMessages {

  static final int SYNC = 0;
  static final int AWARENESS = 1;
  static final int AUTH = 2;
  static final int QUERY_AWARENESS = 3;

  static final int STEP_1 = 0;
  static final int STEP_2 = 1;
  static final int UPDATE = 2;

  private static final int PERMISSION_DENIED = 0;

  private YjsMessages() {}

  static byte[] sync(int step, byte[] payload) {
    return new ByteWriter().varUint(SYNC).varUint(step).varBytes(payload).toBytes();
  }

  static byte[] awareness(byte[] states) {
    return new ByteWriter().varUint(AWARENESS).varBytes(states).toBytes();
  }

  /** Every stock client answers with the awareness states it knows. */
  static byte[] queryAwareness() {
    return new byte[] {QUERY_AWARENESS};
  }

  /** Says nothing, and that the server is there: without a word in 30 s a stock client leaves. */
  static byte[] keepAlive() {
    return awareness(new byte[] {0});
  }

  static byte[] denied(String reason) {
    return new ByteWriter().varUint(AUTH).varUint(PERMISSION_DENIED).varString(reason).toBytes();
  }
}
