/**
 * Frames and their JSON, and the two code tables. Read {@link dev.tidewire.protocol.Command} for
 * what a client may say, {@link dev.tidewire.protocol.Reply} and {@link dev.tidewire.protocol.Push}
 * for what it hears, {@link dev.tidewire.protocol.FrameCodec} for how they become text.
 */
@NullMarked
package dev.tidewire.protocol;

import org.jspecify.annotations.NullMarked;
