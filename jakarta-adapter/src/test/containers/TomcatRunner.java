import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;

/** Runs one WAR on the Tomcat of the class path, started from source by {@code ContainersIT}. */
public class TomcatRunner {

  public static void main(String[] arguments) throws Exception {
    Tomcat tomcat = new Tomcat();
    tomcat.setBaseDir(arguments[1]);
    tomcat.setPort(0);
    tomcat.getConnector().setProperty("address", "127.0.0.1");
    Context context = tomcat.addWebapp("/app", new File(arguments[0]).getAbsolutePath());
    tomcat.start();
    System.out.println("PORT " + tomcat.getConnector().getLocalPort());
    BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
    for (String command = commands.readLine(); command != null; command = commands.readLine()) {
      switch (command) {
        case "undeploy" -> {
          tomcat.getHost().removeChild(context);
          System.out.println("UNDEPLOYED");
        }
        case "deploy" -> {
          context = tomcat.addWebapp("/app", new File(arguments[0]).getAbsolutePath());
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
}
