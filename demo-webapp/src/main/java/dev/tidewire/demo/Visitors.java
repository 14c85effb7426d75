package dev.tidewire.demo;

import static dev.tidewire.demo.Tables.CHOSEN;
import static dev.tidewire.demo.Tables.COLOR;
import static dev.tidewire.demo.Tables.NAME;
import static dev.tidewire.demo.Tables.SEEN_AT;
import static dev.tidewire.demo.Tables.TOKEN;
import static dev.tidewire.demo.Tables.USER_ID;
import static dev.tidewire.demo.Tables.VISITORS;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.Identity;
import dev.tidewire.demo.web.Exchange;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jooq.Condition;
import org.jooq.DSLContext;
import org.jooq.Record;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * Everybody who came by lately: who they are is in the database, under a secret that their cookie
 * holds, so that every node knows them and a restart forgets nobody. Names on bids are looked up
 * here, because a client may claim any. Thread-safe.
 */
public final class Visitors {
  private static final String COOKIE = "tidewire_visitor";
  private static final Duration REMEMBERED = Duration.ofDays(30);
  private static final int SECRET_BYTES = 24;
  private static final int CACHED = 10_000;

  private final SecureRandom random = new SecureRandom();
  private final DSLContext db;

  /** User ids by the token of the cookie: those never change, so the table is not asked again. */
  private final Map<String, String> userIds =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, String> eldest) {
          return size() > CACHED;
        }
      };

  Visitors(Database database) {
    db = DSL.using(database.dataSource(), database.dialect());
  }

  /** The visitor of this request; one who comes for the first time becomes a guest. */
  Visitor of(Exchange exchange) {
    String token = token(exchange.request());
    Record row = token == null ? null : row(TOKEN.eq(token));
    if (token == null || row == null) {
      return enter(exchange, Visitor.guest(random));
    }
    if (row.get(SEEN_AT).isBefore(now().minusDays(1))) {
      db.update(VISITORS).set(SEEN_AT, now()).where(TOKEN.eq(token)).execute();
    }
    return visitor(row);
  }

  /** The same visitor as they want to be called. */
  Visitor rename(Exchange exchange, String name, String color) {
    Visitor renamed = of(exchange).as(name, color);
    db.update(VISITORS)
        .set(NAME, renamed.name())
        .set(COLOR, renamed.color())
        .set(CHOSEN, renamed.chosen())
        .where(USER_ID.eq(renamed.userId()))
        .execute();
    return renamed;
  }

  private Visitor enter(Exchange exchange, Visitor visitor) {
    byte[] bytes = new byte[SECRET_BYTES];
    random.nextBytes(bytes);
    String secret = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    db.insertInto(VISITORS)
        .set(TOKEN, hash(secret))
        .set(USER_ID, visitor.userId())
        .set(NAME, visitor.name())
        .set(COLOR, visitor.color())
        .set(CHOSEN, visitor.chosen())
        .set(SEEN_AT, now())
        .execute();
    exchange.cookie(COOKIE, secret, REMEMBERED);
    return visitor;
  }

  /** Who sends a request, for the bus; null if nobody is known by its cookie. */
  @Nullable Identity identity(HttpServletRequest request) {
    String userId = userId(request);
    return userId == null ? null : Identity.of(userId);
  }

  @Nullable String userId(HttpServletRequest request) {
    String token = token(request);
    if (token == null) {
      return null;
    }
    synchronized (userIds) {
      String known = userIds.get(token);
      if (known != null) {
        return known;
      }
    }
    Record row = row(TOKEN.eq(token));
    if (row == null) {
      return null;
    }
    String userId = row.get(USER_ID);
    synchronized (userIds) {
      userIds.put(token, userId);
    }
    return userId;
  }

  /** The visitor with this id; a stranger is a guest like any other. */
  public Visitor find(String userId) {
    Record row = row(USER_ID.eq(userId));
    return row == null ? new Visitor(userId, "Guest", Visitor.COLORS.get(0), false) : visitor(row);
  }

  /** Forgets who has not been here for long. */
  void forgetOld() {
    db.deleteFrom(VISITORS).where(SEEN_AT.lt(now().minus(REMEMBERED))).execute();
  }

  private @Nullable Record row(Condition which) {
    return db.select(USER_ID, NAME, COLOR, CHOSEN, SEEN_AT)
        .from(VISITORS)
        .where(which)
        .limit(1)
        .fetchOne();
  }

  private static Visitor visitor(Record row) {
    return new Visitor(row.get(USER_ID), row.get(NAME), row.get(COLOR), row.get(CHOSEN));
  }

  /** What is kept of the cookie's secret: the console shows every table to everybody. */
  private static @Nullable String token(HttpServletRequest request) {
    Cookie[] cookies = request.getCookies();
    if (cookies != null) {
      for (Cookie cookie : cookies) {
        if (cookie.getName().equals(COOKIE)) {
          return hash(cookie.getValue());
        }
      }
    }
    return null;
  }

  private static String hash(String secret) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java has it
    }
  }

  private static OffsetDateTime now() {
    return OffsetDateTime.now(ZoneOffset.UTC);
  }
}
