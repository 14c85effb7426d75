package dev.tidewire.changes.yjs;

/** A row: one update of a room. Immutable, safe for any thread. */
final class Update {

  private final String room;
  private final String key;
  private final byte[] data;
  private final long createdAt;

  Update(String room, String key, byte[] data, long createdAt) {
    this.room = room;
    this.key = key;
    this.data = data;
    this.createdAt = createdAt;
  }

  String room() {
    return room;
  }

  String key() {
    return key;
  }

  byte[] data() {
    return data;
  }

  long createdAt() {
    return createdAt;
  }
}
