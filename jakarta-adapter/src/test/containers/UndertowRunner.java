import io.undertow.Handlers;
import io.undertow.Undertow;
import io.undertow.server.handlers.PathHandler;
import io.undertow.server.handlers.resource.PathResourceManager;
import io.undertow.servlet.Servlets;
import io.undertow.servlet.api.DeploymentInfo;
import io.undertow.servlet.api.DeploymentManager;
import io.undertow.servlet.api.ServletContainerInitializerInfo;
import io.undertow.websockets.jsr.WebSocketDeploymentInfo;
import jakarta.servlet.ServletContainerInitializer;
import jakarta.servlet.annotation.HandlesTypes;
import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.net.InetSocketAddress;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;

/**
 * Runs one WAR on the Undertow of the class path, started from source by {@code ContainersIT}.
 * Undertow knows no WARs: what a container finds in one is looked for here.
 */
public class UndertowRunner {

  private static URLClassLoader loader;
  private static DeploymentManager manager;

  public static void main(String[] arguments) throws Exception {
    Path war = Path.of(arguments[0]);
    PathHandler paths = Handlers.path();
    deploy(war, paths);
    Undertow undertow =
        Undertow.builder().addHttpListener(0, "127.0.0.1").setHandler(paths).build();
    undertow.start();
    InetSocketAddress address =
        (InetSocketAddress) undertow.getListenerInfo().get(0).getAddress();
    System.out.println("PORT " + address.getPort());
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String command = commands.readLine(); command != null; command = commands.readLine()) {
      switch (command) {
        case "undeploy" -> {
          paths.removePrefixPath("/app");
          manager.stop();
          manager.undeploy();
          loader.close();
          System.out.println("UNDEPLOYED");
        }
        case "deploy" -> {
          deploy(war, paths);
          System.out.println("DEPLOYED");
        }
        case "threads" -> {
          long count =
              Thread.getAllStackTraces().keySet().stream()
                  .filter(thread -> thread.getName().startsWith("tidewire-"))
                  .count();
          System.out.println("THREADS " + count);
        }
        default -> throw new IllegalArgumentException(command);
      }
    }
    System.exit(0);
  }

  private static void deploy(Path war, PathHandler paths) throws Exception {
    List<URL> urls = new ArrayList<>();
    urls.add(war.resolve("WEB-INF/classes/").toUri().toURL());
    for (File jar : war.resolve("WEB-INF/lib").toFile().listFiles()) {
      urls.add(jar.toURI().toURL());
    }
    loader = new URLClassLoader(urls.toArray(URL[]::new), UndertowRunner.class.getClassLoader());
    DeploymentInfo info =
        Servlets.deployment()
            .setClassLoader(loader)
            .setContextPath("/app")
            .setDeploymentName("app")
            .addWelcomePage("index.html")
            .setResourceManager(new PathResourceManager(war))
            .addServletContextAttribute(
                WebSocketDeploymentInfo.ATTRIBUTE_NAME, new WebSocketDeploymentInfo());
    for (ServletContainerInitializer found :
        ServiceLoader.load(ServletContainerInitializer.class, loader)) {
      if (found.getClass().getClassLoader() == loader) {
        info.addServletContainerInitializer(
            new ServletContainerInitializerInfo(found.getClass(), handled(found, war)));
      }
    }
    manager = Servlets.defaultContainer().addDeployment(info);
    manager.deploy();
    paths.addPrefixPath("/app", manager.start());
  }

  /** The classes of the WAR itself that an initializer asks for. */
  private static Set<Class<?>> handled(ServletContainerInitializer initializer, Path war)
      throws Exception {
    Set<Class<?>> handled = new LinkedHashSet<>();
    HandlesTypes wanted = initializer.getClass().getAnnotation(HandlesTypes.class);
    if (wanted != null) {
      Class<?> own = Class.forName("dev.tidewire.jakarta.war.Live", false, loader);
      for (Class<?> type : wanted.value()) {
        if (type.isAssignableFrom(own)) {
          handled.add(own);
        }
      }
    }
    return handled;
  }
}
