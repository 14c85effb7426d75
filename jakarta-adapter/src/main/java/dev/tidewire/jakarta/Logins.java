package dev.tidewire.jakarta;

import dev.tidewire.Identity;
import dev.tidewire.Realtime;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Connections that live as long as an HTTP session: when the session ends, or its login attribute
 * goes or becomes another user's, they are closed with 4001. Safe for any thread.
 */
final class Logins
    implements HttpSessionListener, HttpSessionAttributeListener, HttpSessionIdListener {

  private final Realtime realtime;
  private final Authenticator authenticator;
  private final String attribute;
  private final Set<Login> watched = ConcurrentHashMap.newKeySet();

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

  void remove(Login login) {
    watched.remove(login);
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
    }
  }

  private static boolean sameUser(@Nullable Identity one, @Nullable Identity other) {
    return one != null && other != null && one.userId().equals(other.userId());
  }

  private void end(HttpSession session, Predicate<Login> which) {
    Set<Identity> over = Collections.newSetFromMap(new IdentityHashMap<>());
    for (Login login : watched) {
      Identity identity = login.identity();
      if (identity != null && login.isIn(session.getId()) && which.test(login)) {
        login.end();
        over.add(identity);
      }
    }
    if (!over.isEmpty()) {
      realtime.revoke(over::contains);
    }
  }
}
