package dev.tidewire.jakarta;

import dev.tidewire.Realtime;
import jakarta.servlet.ServletContext;

/**
 * Sets up the bus of a web application that contains this library: the one class of the application
 * that implements this interface is found and instantiated (constructor without parameters) when
 * the application is deployed, and its bus is installed and, at undeployment, closed.
 *
 * <p>The methods run on the thread that deploys or undeploys. An exception of the first three ends
 * the deployment.
 */
public interface RealtimeConfigurer {

  /**
   * Describes the bus. Runs before any listener, filter or servlet of the application; they find
   * the bus with {@link RealtimeEndpoints#realtime}.
   *
   * @throws Exception if the application cannot do without what is missing
   */
  void configure(Realtime.Builder realtime, ServletContext context) throws Exception;

  /** Where the endpoints are and who gets in; runs before {@link #configure}. */
  default EndpointOptions endpoints(ServletContext context) {
    return EndpointOptions.defaults();
  }

  /**
   * The bus runs and the application's own listeners have been called: time to subscribe, to answer
   * calls and to start what publishes.
   *
   * @throws Exception if the application cannot do without what is missing
   */
  default void started(Realtime realtime, ServletContext context) throws Exception {}

  /**
   * The application goes away and the bus still works: time to stop what publishes. An exception is
   * logged.
   *
   * @throws Exception whatever went wrong
   */
  default void stopping(Realtime realtime, ServletContext context) throws Exception {}
}
