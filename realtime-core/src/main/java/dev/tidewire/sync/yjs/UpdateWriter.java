package dev.tidewire.sync.yjs;

/**
 * Writes an update of format 1 piece by piece; pieces of one client must follow each other. Not
 * thread-safe.
 */
final class UpdateWriter {

  private final ByteWriter done = new ByteWriter();
  private final ByteWriter block = new ByteWriter();
  private long clients;
  private long client;
  private long structs;

  void write(Struct struct) {
    if (structs > 0 && client != struct.client()) {
      flush();
    }
    if (structs == 0) {
      client = struct.client();
      block.varUint(client).varUint(struct.clock());
    }
    struct.write(block);
    structs++;
  }

  private void flush() {
    if (structs > 0) {
      done.varUint(structs).raw(block);
      block.clear();
      structs = 0;
      clients++;
    }
  }

  byte[] finish(ClockSet deletes) {
    flush();
    ByteWriter update = new ByteWriter();
    update.varUint(clients).raw(done);
    deletes.write(update);
    return update.toBytes();
  }
}
