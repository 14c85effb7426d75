package dev.tidewire.demo;

import jakarta.servlet.ServletContext;
import org.jspecify.annotations.Nullable;

/**
 * What can be set from outside: {@code db.url}, {@code db.user}, {@code db.password}, each as a
 * context parameter of the web application or else as a system property. Without a URL the demo
 * keeps an H2 of its own in memory. Immutable.
 */
record Settings(@Nullable String dbUrl, @Nullable String dbUser, @Nullable String dbPassword) {

  static Settings of(ServletContext context) {
    return new Settings(
        read(context, "db.url"), read(context, "db.user"), read(context, "db.password"));
  }

  private static @Nullable String read(ServletContext context, String name) {
    String value = context.getInitParameter(name);
    if (value == null) {
      value = System.getProperty(name);
    }
    return value == null || value.isBlank() ? null : value;
  }
}
