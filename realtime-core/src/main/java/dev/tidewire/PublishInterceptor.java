package dev.tidewire;

/**
 * Looks at everything that is published to custom channels, by clients and by the server, before it
 * gets its place in the stream. Several are asked in the order they were added.
 *
 * <p>Runs on the publisher's thread and may block; it then slows that publisher alone. Must be safe
 * for any thread. Not called for row changes, which are facts already.
 */
@FunctionalInterface
public interface PublishInterceptor {

  /**
   * Returns the request as it is to accept it, or a changed one.
   *
   * @throws Rejection to refuse it with a code for the client; any other exception refuses it too
   */
  PublishRequest intercept(PublishRequest request);
}
