/**
 * The bus across several JVMs, on the application's own PostgreSQL. Read {@link
 * dev.tidewire.changes.postgres.PostgresBroker} first, then {@code Lane}, which is how everything
 * reaches the database, and {@code AppendLane}, where a publication gets its place.
 */
@NullMarked
package dev.tidewire.changes.postgres;

import org.jspecify.annotations.NullMarked;
