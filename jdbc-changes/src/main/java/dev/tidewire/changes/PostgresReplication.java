package dev.tidewire.changes;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Captures from PostgreSQL's write-ahead log instead of from observed connections, so that the
 * writes of every program are seen, with cascades, triggers and COPY, in commit order.
 *
 * <pre>{@code
 * ChangeCapture.on(realtime)
 *     .tables("orders")
 *     .replication(PostgresReplication.of("jdbc:postgresql://localhost/shop", "app", "secret"))
 *     .build();
 * }</pre>
 *
 * <p>The server needs {@code wal_level = logical}, the user REPLICATION, and to own the tables or
 * find the publication made. Old rows need {@code ALTER TABLE … REPLICA IDENTITY FULL}; without
 * that an UPDATE or DELETE is a reset of the table.
 *
 * <p>Immutable, safe for any thread.
 */
public final class PostgresReplication {

  private static final Pattern SLOT = Pattern.compile("[a-z0-9_]{1,63}");

  private final String url;
  private final String user;
  private final String password;
  private final @Nullable String slot;
  private final @Nullable String publication;

  private PostgresReplication(
      String url,
      String user,
      String password,
      @Nullable String slot,
      @Nullable String publication) {
    this.url = url;
    this.user = user;
    this.password = password;
    this.slot = slot;
    this.publication = publication;
  }

  /**
   * Follows the log of one database with a slot that lasts as long as the connection: when that
   * breaks, every captured table is reset after it is there again.
   *
   * @param url a JDBC URL of pgjdbc, {@code jdbc:postgresql://…}
   * @throws IllegalArgumentException if it is not one
   */
  public static PostgresReplication of(String url, String user, String password) {
    if (!url.startsWith("jdbc:postgresql:")) {
      throw new IllegalArgumentException("not a URL of PostgreSQL: " + url.replaceAll("\\?.*", ""));
    }
    return new PostgresReplication(url, user, password, null, null);
  }

  /**
   * Uses a slot that lasts: after a broken connection or a restart nothing is missing. The server
   * keeps its log for as long as such a slot is not read: set {@code max_slot_wal_keep_size}, and
   * drop the slot when the application is retired. One slot serves one process.
   *
   * @param name lower-case letters, digits and underscores, at most 63
   * @throws IllegalArgumentException for another name
   */
  public PostgresReplication slot(String name) {
    if (!SLOT.matcher(name).matches()) {
      throw new IllegalArgumentException("slot name: " + name);
    }
    return new PostgresReplication(url, user, password, name, publication);
  }

  /**
   * Uses a publication that somebody else looks after; by default one is made for the tables.
   *
   * @throws IllegalArgumentException for a blank name
   */
  public PostgresReplication publication(String name) {
    if (name.isBlank()) {
      throw new IllegalArgumentException("blank publication name");
    }
    return new PostgresReplication(url, user, password, slot, name);
  }

  String url() {
    return url;
  }

  String user() {
    return user;
  }

  String password() {
    return password;
  }

  /** The slot that lasts; null for one that does not. */
  @Nullable String slot() {
    return slot;
  }

  /** The publication to use as it is; null to make one. */
  @Nullable String publication() {
    return publication;
  }

  /** The address without credentials. */
  @Override
  public String toString() {
    return url.replaceAll("\\?.*", "");
  }
}
