package dev.tidewire.demo;

import dev.tidewire.Identity;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import java.security.SecureRandom;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Everybody who came by lately, by user id: what a name on a bid is looked up in, because a client
 * may claim any. Thread-safe.
 */
public final class Visitors {
  private static final int REMEMBERED = 10_000;

  private final RandomGenerator random = new SecureRandom();
  private final Map<String, Visitor> byId =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Visitor> eldest) {
          return size() > REMEMBERED;
        }
      };

  /**
   * The visitor of this request; one who comes for the first time is made a guest with a session.
   */
  Visitor of(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    Visitor known = session == null ? null : known(session);
    return known == null ? store(request, Visitor.guest(random)) : known;
  }

  /** Who sends a request, for the bus; null if it comes without a session. */
  @Nullable Identity identity(HttpServletRequest request) {
    String userId = userId(request);
    return userId == null ? null : Identity.of(userId);
  }

  @Nullable String userId(HttpServletRequest request) {
    HttpSession session = request.getSession(false);
    Visitor known = session == null ? null : known(session);
    return known == null ? null : known.userId();
  }

  private @Nullable Visitor known(HttpSession session) {
    Visitor visitor = (Visitor) session.getAttribute(Visitor.class.getName());
    if (visitor != null) {
      remember(visitor);
    }
    return visitor;
  }

  Visitor store(HttpServletRequest request, Visitor visitor) {
    request.getSession(true).setAttribute(Visitor.class.getName(), visitor);
    remember(visitor);
    return visitor;
  }

  /** The visitor with this id; a stranger is a guest like any other. */
  public Visitor find(String userId) {
    synchronized (byId) {
      Visitor known = byId.get(userId);
      return known == null ? new Visitor(userId, "Guest", Visitor.COLORS.get(0), false) : known;
    }
  }

  private void remember(Visitor visitor) {
    synchronized (byId) {
      byId.put(visitor.userId(), visitor);
    }
  }
}
