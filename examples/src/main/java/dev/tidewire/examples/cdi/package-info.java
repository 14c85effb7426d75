/** An application of CDI beans. */
@NullMarked
package dev.tidewire.examples.cdi;

import org.jspecify.annotations.NullMarked;
