/**
 * The SPI that owns a channel's stream: appending to the retained tail and fanning out are one
 * atomic step. Read {@link dev.tidewire.broker.Broker} first, then {@link
 * dev.tidewire.broker.MemoryBroker}.
 */
@NullMarked
package dev.tidewire.broker;

import org.jspecify.annotations.NullMarked;
