/** What tests of every module need in place of clients, time and containers. */
@NullMarked
package dev.tidewire.testing;

import org.jspecify.annotations.NullMarked;
