/** An application that names everything in its web.xml. */
@NullMarked
package dev.tidewire.examples.webxml;

import org.jspecify.annotations.NullMarked;
