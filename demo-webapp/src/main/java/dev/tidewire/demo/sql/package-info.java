/** The SQL console. */
@NullMarked
package dev.tidewire.demo.sql;

import org.jspecify.annotations.NullMarked;
