package dev.tidewire.jakarta;

import dev.tidewire.Realtime;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletRegistration;
import org.jspecify.annotations.Nullable;

/**
 * Puts a bus behind endpoints of a web application: {@code /realtime/ws} (WebSocket), {@code
 * /realtime/sse}, {@code /realtime/poll}, {@code /realtime/send}, {@code /realtime/publish}, {@code
 * /realtime/history}, {@code /realtime/presence}, {@code /realtime/health}, {@code
 * /realtime/yjs/{room}} where the bus has Yjs documents, {@code /realtime/inspector/} where {@link
 * EndpointOptions#inspector} asks for it, and the browser client {@code /realtime/client.js}.
 * Applications with a {@link RealtimeConfigurer} need not call it.
 *
 * <p>When the application goes away its clients are told to come back and closed with 1001, and the
 * bus is closed unless {@link EndpointOptions#keepOpen} was asked for.
 *
 * <p>Safe for any thread.
 */
public final class RealtimeEndpoints {

  private static final String ATTRIBUTE = Installation.class.getName();
  private static final String SERVLET = "tidewire";

  private RealtimeEndpoints() {}

  /** Installs with {@link EndpointOptions#defaults}. */
  public static void install(ServletContext context, Realtime realtime) {
    install(context, realtime, EndpointOptions.defaults());
  }

  /**
   * Installs the endpoints. Call it while the application starts: in {@code contextInitialized} of
   * a listener that is annotated or in {@code web.xml}, or in a {@code
   * ServletContainerInitializer}.
   *
   * @throws IllegalStateException if the application has the endpoints already, or has started, or
   *     if the caller is a listener that was added by a program
   */
  public static void install(ServletContext context, Realtime realtime, EndpointOptions options) {
    install(context, new Installation(realtime, options, () -> {}));
  }

  static void install(ServletContext context, Installation installation) {
    if (context.getAttribute(ATTRIBUTE) != null) {
      throw new IllegalStateException(
          "the realtime endpoints are installed already in '"
              + context.getContextPath()
              + "': by an earlier call, or for its RealtimeConfigurer");
    }
    RealtimeServlet servlet = new RealtimeServlet(installation, loader(context));
    ServletRegistration.Dynamic registration = add(context, servlet);
    if (registration == null) {
      throw new IllegalStateException("a servlet named '" + SERVLET + "' is there already");
    }
    if (!registration.addMapping(installation.base() + "/*").isEmpty()) {
      throw new IllegalStateException(
          "'" + installation.base() + "/*' belongs to another servlet; see EndpointOptions.base");
    }
    registration.setLoadOnStartup(1);
    registration.setAsyncSupported(true);
    context.addListener(installation.logins());
    context.setAttribute(ATTRIBUTE, installation);
  }

  /** Null if there is one of this name. */
  private static ServletRegistration.@Nullable Dynamic add(
      ServletContext context, RealtimeServlet servlet) {
    try {
      return context.addServlet(SERVLET, servlet);
    } catch (UnsupportedOperationException e) { // Servlet specification, 4.4
      throw new IllegalStateException(
          "a listener that a program has added may not add endpoints: call"
              + " RealtimeEndpoints.install in a ServletContainerInitializer (with Spring, in"
              + " WebApplicationInitializer.onStartup), or in a listener that is annotated or in"
              + " web.xml; or use a RealtimeConfigurer",
          e);
    }
  }

  /** The application's class loader, or where it has none of its own (embedded), ours. */
  private static ClassLoader loader(ServletContext context) {
    ClassLoader own = context.getClassLoader();
    return own != null ? own : RealtimeEndpoints.class.getClassLoader();
  }

  /**
   * The bus of the application.
   *
   * @throws IllegalStateException if none is installed
   */
  public static Realtime realtime(ServletContext context) {
    if (context.getAttribute(ATTRIBUTE) instanceof Installation installation) {
      return installation.realtime();
    }
    throw new IllegalStateException(
        "no bus is installed in '"
            + context.getContextPath()
            + "': implement RealtimeConfigurer, or call RealtimeEndpoints.install");
  }
}
