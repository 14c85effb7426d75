/** Orders, the stream that writes them and the dashboard's figures. */
@NullMarked
package dev.tidewire.demo.orders;

import org.jspecify.annotations.NullMarked;
