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
import java.lang.ref.WeakReference;
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

  private final Path war;
  private final String path;
  private final PathHandler paths;
  private final URLClassLoader loader;
  private final PathResourceManager files;
  private final DeploymentManager manager;

  public static void main(String[] arguments) throws Exception {
    Path war = Path.of(arguments[0]);
    PathHandler paths = Handlers.path();
    List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
    UndertowRunner app = new UndertowRunner(war, "/app", paths);
    Undertow undertow =
        Undertow.builder().addHttpListener(0, "127.0.0.1").setHandler(paths).build();
    undertow.start();
    InetSocketAddress address = (InetSocketAddress) undertow.getListenerInfo().get(0).getAddress();
    System.out.println("PORT " + address.getPort());
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String command = commands.readLine(); command != null; command = commands.readLine()) {
      switch (command) {
        case "undeploy" -> {
          loaders.add(new WeakReference<>(app.loader));
          app.undeploy();
          app = null;
          System.out.println("UNDEPLOYED");
        }
        case "deploy" -> {
          app = new UndertowRunner(war, "/app", paths);
          System.out.println("DEPLOYED");
        }
        case "narrow" -> {
          UndertowRunner narrow = new UndertowRunner(war, "/narrow", paths);
          System.out.println("DEPLOYED");
          commands.readLine();
          narrow.undeploy();
          System.out.println("UNDEPLOYED");
        }
        case "loaders" -> {
          System.gc();
          long held = loaders.stream().filter(loader -> loader.get() != null).count();
          System.out.println("LOADERS " + held);
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

  private void undeploy() throws Exception {
    paths.removePrefixPath(path);
    DeploymentInfo info = manager.getDeployment().getDeploymentInfo();
    manager.stop();
    manager.undeploy();
    Servlets.defaultContainer().removeDeployment(info); // or it would keep the class loader
    files.close(); // it watches the folder, in a thread that would keep it all
    loader.close();
  }

  private UndertowRunner(Path war, String path, PathHandler paths) throws Exception {
    this.war = war;
    this.path = path;
    this.paths = paths;
    List<URL> urls = new ArrayList<>();
    urls.add(war.resolve("WEB-INF/classes/").toUri().toURL());
    for (File jar : war.resolve("WEB-INF/lib").toFile().listFiles()) {
      urls.add(jar.toURI().toURL());
    }
    loader = new URLClassLoader(urls.toArray(URL[]::new), UndertowRunner.class.getClassLoader());
    files = new PathResourceManager(war);
    DeploymentInfo info =
        Servlets.deployment()
            .setClassLoader(loader)
            .setContextPath(path)
            .setDeploymentName(path.substring(1))
            .addWelcomePage("index.html")
            .setResourceManager(files)
            .addServletContextAttribute(
                WebSocketDeploymentInfo.ATTRIBUTE_NAME, new WebSocketDeploymentInfo());
    for (ServletContainerInitializer found :
        ServiceLoader.load(ServletContainerInitializer.class, loader)) {
      if (found.getClass().getClassLoader() == loader) {
        info.addServletContainerInitializer(
            new ServletContainerInitializerInfo(found.getClass(), handled(found)));
      }
    }
    manager = Servlets.defaultContainer().addDeployment(info);
    manager.deploy();
    paths.addPrefixPath(path, manager.start());
  }

  /** The classes of the WAR itself that an initializer asks for. */
  private Set<Class<?>> handled(ServletContainerInitializer initializer) throws Exception {
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
