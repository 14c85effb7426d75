/** The auction board: bids that the database decides. */
@NullMarked
package dev.tidewire.demo.auction;

import org.jspecify.annotations.NullMarked;
