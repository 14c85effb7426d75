package dev.tidewire.examples.spring;

import dev.tidewire.AccessPolicy;
import dev.tidewire.Realtime;
import dev.tidewire.jakarta.RealtimeEndpoints;
import jakarta.servlet.ServletContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.web.WebApplicationInitializer;
import org.springframework.web.context.ContextLoaderListener;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;
import org.springframework.web.servlet.DispatcherServlet;
import org.springframework.web.servlet.config.annotation.EnableWebMvc;

@EnableWebMvc
@Import(ShopController.class)
public class ShopApplication implements WebApplicationInitializer {

  @Override
  public void onStartup(ServletContext servlets) {
    var spring = new AnnotationConfigWebApplicationContext();
    spring.register(ShopApplication.class);
    spring.setServletContext(servlets);
    spring.refresh(); // now: once listeners run, the container takes no more servlets
    servlets.addListener(new ContextLoaderListener(spring)); // closes it
    servlets.addServlet("spring", new DispatcherServlet(spring)).addMapping("/");
  }

  @Bean // closed by Spring
  Realtime realtime(ServletContext servlets) {
    Realtime realtime = Realtime.builder().access(AccessPolicy.open()).build();
    RealtimeEndpoints.install(servlets, realtime);
    return realtime;
  }
}
