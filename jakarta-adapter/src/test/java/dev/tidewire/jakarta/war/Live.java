package dev.tidewire.jakarta.war;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.jakarta.RealtimeConfigurer;
import jakarta.servlet.ServletContext;

/** All that an application writes; copied alone into the WAR of {@code DropInIT}. */
public final class Live implements RealtimeConfigurer {

  @Override
  public void configure(Realtime.Builder realtime, ServletContext context) {
    realtime.access(AccessPolicy.open());
    if (context.getContextPath().equals("/narrow")) {
      realtime.limits(l -> l.handshakes(1));
    }
  }

  @Override
  public void started(Realtime realtime, ServletContext context) {
    realtime.onCall("where", request -> context.getContextPath());
  }
}
