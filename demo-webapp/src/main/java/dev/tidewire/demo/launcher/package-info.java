/** Runs the exploded WAR on an embedded Jetty; not part of the WAR. */
@NullMarked
package dev.tidewire.demo.launcher;

import org.jspecify.annotations.NullMarked;
