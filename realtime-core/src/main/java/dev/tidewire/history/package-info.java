/**
 * Messages kept beyond recovery: those published with {@code persist}. Read {@link
 * dev.tidewire.history.HistoryStore} first.
 */
@NullMarked
package dev.tidewire.history;

import org.jspecify.annotations.NullMarked;
