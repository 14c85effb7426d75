package dev.tidewire.channel;

/** What a SQL write did to one row. An immutable constant, safe for any thread. */
public enum Operation {
  INSERT,
  UPDATE,
  DELETE
}
