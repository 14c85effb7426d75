package dev.tidewire.demo.web;

import org.jspecify.annotations.Nullable;

/** A body with a status other than 200. Immutable. */
public record Answer(int status, @Nullable Object body) {
  public static Answer created(@Nullable Object body) {
    return new Answer(201, body);
  }
}
