/**
 * Who is in a channel: the state, and the numbered differences between states. Read {@link
 * dev.tidewire.presence.PresenceTracker} first, then {@link dev.tidewire.presence.Member}.
 */
@NullMarked
package dev.tidewire.presence;

import org.jspecify.annotations.NullMarked;
