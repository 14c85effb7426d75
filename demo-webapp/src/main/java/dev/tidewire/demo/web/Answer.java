package dev.tidewire.demo.web;

/** A body with a status other than 200. Immutable. */
public record Answer(int status, Object body) {
  public static Answer created(Object body) {
    return new Answer(201, body);
  }
}
