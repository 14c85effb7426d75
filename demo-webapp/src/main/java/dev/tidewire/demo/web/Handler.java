package dev.tidewire.demo.web;

import org.jspecify.annotations.Nullable;

/**
 * Answers one route. The result is sent as JSON with status 200, an {@link Answer} with the status
 * it names, {@code null} as 204. Called on the container's threads, several at once.
 */
@FunctionalInterface
public interface Handler {
  @Nullable Object handle(Exchange exchange);
}
