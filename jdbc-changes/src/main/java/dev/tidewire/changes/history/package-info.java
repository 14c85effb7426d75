/**
 * Messages published with {@code persist}, kept in a database. Read {@link
 * dev.tidewire.changes.history.JdbcHistoryStore} first.
 */
@NullMarked
package dev.tidewire.changes.history;

import org.jspecify.annotations.NullMarked;
