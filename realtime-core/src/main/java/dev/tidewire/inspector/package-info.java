/**
 * What an inspector tells of a bus at one moment: values only, without payloads, tokens and the
 * values of conditions. Read {@link dev.tidewire.inspector.LiveConnection} and {@link
 * dev.tidewire.inspector.Explanation} first; {@code Realtime.inspector()} makes them.
 */
@NullMarked
package dev.tidewire.inspector;

import org.jspecify.annotations.NullMarked;
