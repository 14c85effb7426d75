/** The demo's HTTP layer: a table of routes, JSON in and out, errors as problem+json. */
@NullMarked
package dev.tidewire.demo.web;

import org.jspecify.annotations.NullMarked;
