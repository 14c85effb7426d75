package dev.tidewire.examples.spring;

import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.websocket.server.WsSci;

/** The application on a Tomcat of its own; in a WAR the container starts it by itself. */
public final class ShopServer {

  private ShopServer() {}

  /** Starts it at {@code port}; 0 takes any free one. */
  public static Tomcat start(int port) throws LifecycleException {
    Tomcat tomcat = new Tomcat();
    tomcat.setPort(port);
    tomcat.getConnector();
    Context context = tomcat.addContext("", null);
    context.addServletContainerInitializer(new WsSci(), null);
    context.addServletContainerInitializer(
        (types, servlets) -> new ShopApplication().onStartup(servlets), null);
    tomcat.start();
    return tomcat;
  }
}
