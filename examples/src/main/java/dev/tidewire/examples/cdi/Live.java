package dev.tidewire.examples.cdi;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.jakarta.RealtimeEndpoints;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Disposes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.annotation.WebListener;

@WebListener
public class Live implements ServletContextListener {

  @Inject private Realtime realtime;

  @Override
  public void contextInitialized(ServletContextEvent event) {
    RealtimeEndpoints.install(event.getServletContext(), realtime);
  }

  @ApplicationScoped
  static class Producer {

    @Produces
    @Singleton
    Realtime open() {
      return Realtime.builder().access(AccessPolicy.open()).build();
    }

    void close(@Disposes Realtime realtime) {
      realtime.close();
    }
  }
}
