/**
 * The leaf values of Tidewire: what is published, where it stands in its channel, and how a channel
 * is kept. Read {@link dev.tidewire.channel.Publication} and {@link dev.tidewire.channel.Position}
 * first. Nothing here depends on another package of Tidewire.
 */
@NullMarked
package dev.tidewire.channel;

import org.jspecify.annotations.NullMarked;
