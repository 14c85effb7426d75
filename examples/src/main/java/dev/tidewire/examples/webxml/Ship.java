package dev.tidewire.examples.webxml;

import dev.tidewire.jakarta.RealtimeEndpoints;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;

public class Ship extends HttpServlet {

  private static final long serialVersionUID = 1L;

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response) {
    String id = request.getPathInfo().substring(1);
    RealtimeEndpoints.realtime(getServletContext()).emit("shipped", Map.of("id", id), "orders");
  }
}
