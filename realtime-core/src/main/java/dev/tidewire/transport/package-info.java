/**
 * What a container adapter implements and calls. An adapter hands a {@link
 * dev.tidewire.transport.Connection} to {@code Realtime.connect} and gets a {@link
 * dev.tidewire.transport.Session} back, to which it passes what the client sends.
 */
@NullMarked
package dev.tidewire.transport;

import org.jspecify.annotations.NullMarked;
