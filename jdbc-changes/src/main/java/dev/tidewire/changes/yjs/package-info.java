/** Yjs documents in a database: {@link dev.tidewire.changes.yjs.JdbcYjsStore}. */
@NullMarked
package dev.tidewire.changes.yjs;

import org.jspecify.annotations.NullMarked;
