package dev.tidewire.jakarta;

import dev.tidewire.Realtime;
import jakarta.servlet.ServletContainerInitializer;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.HandlesTypes;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Installs the bus of an application that has a {@link RealtimeConfigurer}; called by the
 * container. Stateless, safe for any thread.
 */
@HandlesTypes(RealtimeConfigurer.class)
public final class RealtimeInitializer implements ServletContainerInitializer {

  private static final Logger log = LoggerFactory.getLogger(RealtimeInitializer.class);

  @Override
  public void onStartup(@Nullable Set<Class<?>> found, ServletContext context)
      throws ServletException {
    List<Class<?>> types = new ArrayList<>(found == null ? Set.of() : found);
    types.removeIf(
        type ->
            !RealtimeConfigurer.class.isAssignableFrom(type)
                || Modifier.isAbstract(type.getModifiers()));
    if (types.size() > 1) {
      throw new ServletException(
          "more than one RealtimeConfigurer: "
              + types.stream().map(Class::getName).sorted().collect(Collectors.joining(", ")));
    }
    if (!types.isEmpty()) {
      install(instantiate(types.get(0)), context);
    }
  }

  private static RealtimeConfigurer instantiate(Class<?> type) throws ServletException {
    try {
      Constructor<?> constructor = type.getDeclaredConstructor();
      constructor.setAccessible(true);
      return (RealtimeConfigurer) constructor.newInstance();
    } catch (InvocationTargetException e) {
      throw new ServletException("the constructor of " + type.getName() + " failed", e.getCause());
    } catch (ReflectiveOperationException | RuntimeException e) {
      throw new ServletException(type.getName() + " needs a constructor without parameters", e);
    }
  }

  private static void install(RealtimeConfigurer configurer, ServletContext context)
      throws ServletException {
    EndpointOptions options = configurer.endpoints(context);
    Realtime.Builder builder = Realtime.builder();
    try {
      configurer.configure(builder, context);
    } catch (Exception e) {
      throw new ServletException(configurer.getClass().getName() + ".configure failed", e);
    }
    Realtime realtime = builder.build();
    Installation installation =
        new Installation(realtime, options, () -> stop(configurer, realtime, context));
    try {
      RealtimeEndpoints.install(context, installation);
      context.addListener(new Lifecycle(configurer, installation));
    } catch (RuntimeException e) {
      installation.close();
      throw e;
    }
  }

  private static void stop(
      RealtimeConfigurer configurer, Realtime realtime, ServletContext context) {
    try {
      configurer.stopping(realtime, context);
    } catch (Exception e) {
      String type = configurer.getClass().getName();
      log.atError()
          .addKeyValue("type", type)
          .setCause(e)
          .log("{}.stopping failed; the bus is closed", type);
    }
  }

  /** Comes after the application's own listeners at its start, and before them at its end. */
  private record Lifecycle(RealtimeConfigurer configurer, Installation installation)
      implements ServletContextListener {

    @Override
    public void contextInitialized(ServletContextEvent event) {
      try {
        configurer.started(installation.realtime(), event.getServletContext());
      } catch (Exception e) {
        installation.close();
        throw new IllegalStateException(configurer.getClass().getName() + ".started failed", e);
      }
    }

    @Override
    public void contextDestroyed(ServletContextEvent event) {
      installation.close();
    }
  }
}
