package dev.tidewire.demo;

import jakarta.servlet.ServletContext;
import org.jspecify.annotations.Nullable;

/**
 * What can be set from outside: {@code db.url}, {@code db.user} and {@code db.password} of a
 * database, or {@code demo.data}, the folder for an H2 of the demo's own; each as a context
 * parameter of the web application or else as a system property. With neither, that H2 is kept in
 * memory. {@code redis.url} is the Redis of all nodes; without it this is the only one. {@code
 * demo.node} is what people call this node. Immutable.
 */
record Settings(
    @Nullable String dbUrl,
    @Nullable String dbUser,
    @Nullable String dbPassword,
    @Nullable String data,
    @Nullable String redisUrl,
    @Nullable String node) {

  static Settings of(ServletContext context) {
    return new Settings(
        read(context, "db.url"),
        read(context, "db.user"),
        read(context, "db.password"),
        read(context, "demo.data"),
        read(context, "redis.url"),
        read(context, "demo.node"));
  }

  private static @Nullable String read(ServletContext context, String name) {
    String value = context.getInitParameter(name);
    if (value == null) {
      value = System.getProperty(name);
    }
    return value == null || value.isBlank() ? null : value;
  }
}
