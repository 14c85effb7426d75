import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.apache.catalina.Context;
import org.apache.catalina.core.StandardContext;
import org.apache.catalina.startup.Tomcat;

/** Runs one WAR on the Tomcat of the class path, started from source by {@code ContainersIT}. */
public class TomcatRunner {

  public static void main(String[] arguments) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(arguments[1]);
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    String war = new File(arguments[0]).getAbsolutePath();
    List<WeakReference<ClassLoader>> loaders = new ArrayList<>();
    Context context = deploy(tomcat, "/app", war);
    tomcat.start();
    System.out.println("PORT " + tomcat.getConnector().getLocalPort());
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String command = commands.readLine(); command != null; command = commands.readLine()) {
      switch (command) {
        case "undeploy" -> {
          loaders.add(new WeakReference<>(context.getLoader().getClassLoader()));
          tomcat.getHost().removeChild(context);
          System.out.println("UNDEPLOYED");
        }
        case "deploy" -> {
          context = deploy(tomcat, "/app", war);
          System.out.println("DEPLOYED");
        }
        case "narrow" -> {
          Context narrow = deploy(tomcat, "/narrow", war);
          System.out.println("DEPLOYED");
          commands.readLine();
          tomcat.getHost().removeChild(narrow);
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

  private static Context deploy(Tomcat tomcat, String path, String war) {
    Context context = tomcat.addWebapp(path, war);
    // it waits so long for requests that have not ended, as streams and polls never have
    ((StandardContext) context).setUnloadDelay(100);
    return context;
  }
}
