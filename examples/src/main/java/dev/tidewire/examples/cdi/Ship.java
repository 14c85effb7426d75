package dev.tidewire.examples.cdi;

import dev.tidewire.Realtime;
import jakarta.inject.Inject;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Map;

@WebServlet("/ship/*")
public class Ship extends HttpServlet {

  private static final long serialVersionUID = 1L;

  @Inject private transient Realtime realtime;

  @Override
  protected void doPost(HttpServletRequest request, HttpServletResponse response) {
    realtime.emit("shipped", Map.of("id", request.getPathInfo().substring(1)), "orders");
  }
}
