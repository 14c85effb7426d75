/**
 * Shared documents as data: a map of fields of which each is settled by its last write, the clock
 * that says which write is the last one, and where documents are stored. Read {@link
 * dev.tidewire.sync.FieldMap} and {@link dev.tidewire.sync.DocumentStore} first. The browser client
 * has the same algorithm in {@code sync/}; test vectors hold both to it.
 */
@NullMarked
package dev.tidewire.sync;

import org.jspecify.annotations.NullMarked;
