package dev.tidewire.demo;

import com.microsoft.playwright.Browser;
import dev.tidewire.browser.StartedBrowser;
import dev.tidewire.demo.launcher.DemoServer;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * The browser and the demo that all test classes share; started by the first that asks, closed
 * after the last. One thread.
 */
final class Stage implements AutoCloseable {
  static final Path WAR = Path.of(System.getProperty("demo.war", "target/demo-webapp"));

  private final DemoServer server;
  private final StartedBrowser started = new StartedBrowser();

  private Stage() {
    try {
      server = DemoServer.start(WAR, "127.0.0.1", 0, null);
    } catch (Exception e) {
      started.close();
      throw new IllegalStateException("the demo did not start", e);
    }
  }

  DemoServer server() {
    return server;
  }

  Browser browser() {
    return started.browser();
  }

  @Override
  public void close() throws Exception {
    started.close();
    server.close();
  }

  /** Gives the stage to whoever asks for it. */
  static final class Resolver implements ParameterResolver {
    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
      return parameter.getParameter().getType() == Stage.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
      return context
          .getRoot()
          .getStore(ExtensionContext.Namespace.GLOBAL)
          .getOrComputeIfAbsent(Stage.class, type -> new Stage(), Stage.class);
    }
  }
}
