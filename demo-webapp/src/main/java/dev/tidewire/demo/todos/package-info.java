/** Collaborative to-do lists with version conflicts. */
@NullMarked
package dev.tidewire.demo.todos;

import org.jspecify.annotations.NullMarked;
