package dev.tidewire.examples.webxml;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.jakarta.RealtimeEndpoints;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;

public class Live implements ServletContextListener {

  @Override
  public void contextInitialized(ServletContextEvent event) {
    Realtime realtime = Realtime.builder().access(AccessPolicy.open()).build();
    RealtimeEndpoints.install(event.getServletContext(), realtime);
  }

  @Override
  public void contextDestroyed(ServletContextEvent event) {
    RealtimeEndpoints.realtime(event.getServletContext()).close();
  }
}
