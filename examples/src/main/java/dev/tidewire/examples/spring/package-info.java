/** A Spring application. */
@NullMarked
package dev.tidewire.examples.spring;

import org.jspecify.annotations.NullMarked;
