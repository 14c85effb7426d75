import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

/** Runs one WAR file on Tomcat, started from source by {@code WarDeploymentIT}. */
public class TomcatRunner {

  private final Tomcat tomcat = new Tomcat();
  private final File war;
  private Set<String> before;
  private Context context;
  private final List<WeakReference<ClassLoader>> loaders = new ArrayList<>();

  TomcatRunner(File war, File folder) {
    this.war = war;
    tomcat.setBaseDir(folder.getAbsolutePath());
    new File(folder, "webapps").mkdirs();
    tomcat.setPort(0);
    tomcat.getHost();
    tomcat.getConnector().setProperty("address", "127.0.0.1");
  }

  public static void main(String[] arguments) throws Exception {
    new TomcatRunner(new File(arguments[0]), new File(arguments[1])).run();
    System.exit(0);
  }

  private void run() throws Exception {
    tomcat.start();
    before = threads();
    deploy();
    System.out.println("PORT " + tomcat.getConnector().getLocalPort());
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String command = commands.readLine(); command != null; command = commands.readLine()) {
      switch (command) {
        case "undeploy" -> {
          tomcat.getHost().removeChild(context);
          context = null;
          System.out.println("UNDEPLOYED");
        }
        case "deploy" -> {
          deploy();
          System.out.println("DEPLOYED");
        }
        case "leftovers" -> {
          System.gc();
          Set<String> left = threads();
          left.removeAll(before);
          long held = loaders.stream().filter(loader -> loader.get() != null).count();
          System.out.println("LEFTOVERS " + left + " " + held);
        }
        default -> throw new IllegalArgumentException(command);
      }
    }
  }

  private void deploy() {
    context = tomcat.addWebapp("/demo", war.getAbsolutePath());
    loaders.add(new WeakReference<>(context.getLoader().getClassLoader()));
  }

  /** All but Tomcat's own, of which it makes more when it needs them. */
  private static Set<String> threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .map(Thread::getName)
        .filter(name -> !name.startsWith("http-nio") && !name.startsWith("Catalina-utility"))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
