package dev.tidewire.jakarta;

import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Connections that live as long as an HTTP session: when the session ends, or its login attribute
 * goes or becomes another user's, they are closed with 4001, and a user who is still present
 * without a connection leaves. Safe for any thread.
 */
final class Logins
    implements HttpSessionListener, HttpSessionAttributeListener, HttpSessionIdListener {

  /** More than the bus remembers. */
  private static final int MAX_GONE = 20_000;

  private static final long SCAN_NANOS = 5_000_000_000L;

  private final Realtime realtime;
  private final Authenticator authenticator;
  private final String attribute;
  private final Set<Login> watched = ConcurrentHashMap.newKeySet();
  private final ReentrantLock lock = new ReentrantLock();
  // Connections that are gone while their users are still present; guarded by the lock.
  private final ArrayDeque<Gone> gone = new ArrayDeque<>();

  private record Gone(Login login, long since) {}

  Logins(Realtime realtime, Authenticator authenticator, String attribute) {
    this.realtime = realtime;
    this.authenticator = authenticator;
    this.attribute = attribute;
  }

  /** Watches over the login of a connection until {@link #remove}. */
  void add(Login login) {
    if (login.livesInSession()) {
      watched.add(login);
    }
  }

  /** The connection is gone; its login is watched on while the user may still be present. */
  void remove(Login login) {
    long grace = realtime.presenceGrace().toNanos();
    if (grace == 0 || !login.livesInSession()) {
      watched.remove(login);
      return;
    }
    long now = System.nanoTime();
    lock.lock();
    try {
      gone.add(new Gone(login, now));
      while (now - gone.element().since() > grace + SCAN_NANOS || gone.size() > MAX_GONE) {
        watched.remove(gone.remove().login());
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void sessionDestroyed(HttpSessionEvent event) {
    end(event.getSession(), login -> true);
  }

  @Override
  public void sessionIdChanged(HttpSessionEvent event, String oldSessionId) {
    String newSessionId = event.getSession().getId();
    for (Login login : watched) {
      if (login.isIn(oldSessionId)) {
        login.moveTo(newSessionId);
      }
    }
  }

  @Override
  public void attributeRemoved(HttpSessionBindingEvent event) {
    if (event.getName().equals(attribute)) {
      end(event.getSession(), Login::fromAttribute);
    }
  }

  @Override
  public void attributeReplaced(HttpSessionBindingEvent event) {
    if (event.getName().equals(attribute)) {
      HttpSession session = event.getSession();
      Identity now = authenticator.identityOf(session.getAttribute(attribute));
      end(session, login -> login.fromAttribute() && !sameUser(login.identity(), now));
      if (now != null) {
        Set<Identity> same = of(session, login -> login.fromAttribute() && login.becomes(now));
        if (!same.isEmpty()) {
          realtime.recheck(same::contains, before -> now);
        }
      }
    }
  }

  private static boolean sameUser(@Nullable Identity one, @Nullable Identity other) {
    return one != null && other != null && one.userId().equals(other.userId());
  }

  private void end(HttpSession session, Predicate<Login> which) {
    Set<Identity> over =
        of(
            session,
            login -> {
              boolean ends = which.test(login);
              if (ends) {
                login.end();
              }
              return ends;
            });
    if (!over.isEmpty()) {
      realtime.revoke(over::contains);
    }
  }

  /** The identities of a session's logins themselves, not those that are equal to them. */
  private Set<Identity> of(HttpSession session, Predicate<Login> which) {
    Set<Identity> chosen = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Login login : watched) {
      Identity identity = login.identity();
      if (identity != null && login.isIn(session.getId()) && !login.ended() && which.test(login)) {
        chosen.add(identity);
      }
    }
    return chosen;
  }
}
