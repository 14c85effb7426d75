package dev.tidewire.jakarta.war;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.jakarta.HandshakePolicy;
import dev.tidewire.jakarta.RealtimeConfigurer;
import jakarta.servlet.ServletContext;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;

/**
 * All that an application writes; copied alone into the WAR of {@code DropInIT}. As a servlet it
 * logs in and out.
 */
public final class Live extends HttpServlet implements RealtimeConfigurer {

  private static final long serialVersionUID = 1L;

  @Override
  protected void doGet(HttpServletRequest request, HttpServletResponse response) {
    HttpSession session = request.getSession();
    String user = request.getParameter("user");
    if (user == null) {
      session.invalidate();
    } else {
      session.setAttribute(HandshakePolicy.SESSION_ATTRIBUTE, user);
    }
  }

  @Override
  public void configure(Realtime.Builder realtime, ServletContext context) {
    realtime.access(AccessPolicy.open());
    context.addServlet("session", Live.class).addMapping("/session");
    if (context.getContextPath().equals("/narrow")) {
      realtime.limits(l -> l.handshakes(1));
    }
  }

  @Override
  public void started(Realtime realtime, ServletContext context) {
    realtime.onCall("where", request -> context.getContextPath());
  }
}
