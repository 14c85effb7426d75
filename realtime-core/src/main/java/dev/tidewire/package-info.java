/**
 * What an application holds. Read {@link dev.tidewire.Realtime} first, then {@link
 * dev.tidewire.Channel} and {@link dev.tidewire.AccessPolicy}. The package-private rest is the way
 * of a frame through the server: {@code ClientSession}, {@code Requests}, {@code Publisher}, {@code
 * Hub}, {@code OutboundQueue}.
 */
@NullMarked
package dev.tidewire;

import org.jspecify.annotations.NullMarked;
