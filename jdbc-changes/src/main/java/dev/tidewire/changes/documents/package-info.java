/**
 * Shared documents, kept in a database. Read {@link
 * dev.tidewire.changes.documents.JdbcDocumentStore} first.
 */
@NullMarked
package dev.tidewire.changes.documents;

import org.jspecify.annotations.NullMarked;
