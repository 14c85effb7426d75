package dev.tidewire.examples.spring;

import dev.tidewire.Realtime;
import java.util.Map;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class ShopController {

  private final Realtime realtime;

  ShopController(Realtime realtime) {
    this.realtime = realtime;
  }

  @PostMapping("/orders/{id}/ship")
  void ship(@PathVariable int id) {
    realtime.emit("shipped", Map.of("id", id), "orders");
  }
}
