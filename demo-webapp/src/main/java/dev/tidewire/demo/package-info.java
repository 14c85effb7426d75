/**
 * The demo application: what a project that uses Tidewire looks like. Read {@link
 * dev.tidewire.demo.DemoConfigurer} first, then {@link dev.tidewire.demo.Database}.
 */
@NullMarked
package dev.tidewire.demo;

import org.jspecify.annotations.NullMarked;
