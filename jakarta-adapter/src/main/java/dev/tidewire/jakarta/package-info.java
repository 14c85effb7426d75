/**
 * Container glue: the bus behind the endpoints of a servlet container, with nothing but the Jakarta
 * Servlet and WebSocket interfaces. Read {@link dev.tidewire.jakarta.RealtimeEndpoints} to install
 * a bus by hand, {@link dev.tidewire.jakarta.RealtimeConfigurer} to have it done, and {@link
 * dev.tidewire.jakarta.HandshakePolicy} for who gets in.
 */
@NullMarked
package dev.tidewire.jakarta;

import org.jspecify.annotations.NullMarked;
