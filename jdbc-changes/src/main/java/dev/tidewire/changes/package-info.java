/**
 * Statement to row change to channel, at commit: a wrapping {@link javax.sql.DataSource} sees every
 * way of writing and every way of committing, and publishes the rows of the tables it was told to
 * capture, in commit order. Read {@link dev.tidewire.changes.ChangeCapture} first, then {@code
 * CapturingConnection} (transactions), {@code CapturedWrite} (one statement) and {@code
 * CommitSequencer} (order).
 */
@NullMarked
package dev.tidewire.changes;

import org.jspecify.annotations.NullMarked;
