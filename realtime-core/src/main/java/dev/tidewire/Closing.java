package dev.tidewire;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes the parts of a bus: what fails must not keep the rest open. Stateless. */
final class Closing {

  private static final Logger log = LoggerFactory.getLogger(Closing.class);

  private Closing() {}

  static void close(String what, AutoCloseable part) {
    try {
      part.close();
    } catch (Exception | Error e) {
      log.error("{} could not be closed in order", what, e);
    }
  }
}
