package dev.tidewire;

import static dev.tidewire.Client.connect;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.testing.FakeConnection;
import dev.tidewire.testing.ManualClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class SessionIdentityTest {

  private final ManualClock clock = new ManualClock();
  private final Realtime.Builder settings =
      Realtime.builder().clock(clock).tokens(this::verify).access((who, topic, action) -> true);
  private Realtime realtime;

  @AfterEach
  void close() {
    if (realtime != null) {
      realtime.close();
    }
  }

  private Realtime bus() {
    realtime = settings.build();
    return realtime;
  }

  private Identity verify(String token) {
    return switch (token) {
      case "broken" -> throw new IllegalStateException("key server down, secret=xyz");
      case "banned" -> throw new Rejection("banned", "you know why");
      case "expired" -> Identity.of("ada").until(clock.instant());
      case "short" -> Identity.of("ada").until(clock.instant().plusSeconds(3));
      default -> token.startsWith("user:") ? Identity.of(token.substring(5)) : null;
    };
  }

  @Test
  void aSettledIdentityIsWelcomedAtOnce() {
    Client client = connect(bus(), "ada");

    JsonNode welcome = client.told("welcome", 1).get(0);
    assertThat(welcome.at("/payload/userId").asString()).isEqualTo("ada");
    assertThat(welcome.at("/payload/pingInterval").asInt()).isEqualTo(25_000);
    assertThat(welcome.at("/payload/pongTimeout").asInt()).isEqualTo(5_000);
    assertThat(welcome.at("/payload/maxFrameBytes").asInt()).isEqualTo(65_536);
    assertThat(welcome.at("/payload/protocol").asInt()).isOne();
    assertThat(welcome.at("/payload/connection").asString()).isEqualTo(client.session().id());
    assertThat(welcome.at("/payload/session").asString()).hasSizeGreaterThan(20);
    client.subscribed("t");
  }

  @Test
  void secretsAndNamesOfConnectionsDiffer() {
    Realtime bus = bus();
    JsonNode one = connect(bus, "ada").told("welcome", 1).get(0);
    JsonNode other = connect(bus, "ada").told("welcome", 1).get(0);

    for (String field : new String[] {"/payload/session", "/payload/connection", "/id"}) {
      assertThat(one.at(field)).isNotEqualTo(other.at(field));
    }
  }

  @Test
  void whoIsUnknownMayOnlyPingAndAuthenticate() {
    Client client = connect(bus(), (Identity) null);

    assertThat(client.told("welcome")).isEmpty();
    for (String fields :
        new String[] {
          "'type':'subscribe','topic':'t'",
          "'type':'publish','topic':'t','event':'e','data':1",
          "'type':'history','topic':'t'",
          "'type':'track','topic':'t'",
          "'type':'call','method':'m'"
        }) {
      assertThat(client.refused(fields)).isEqualTo("UNAUTHORIZED");
    }
    client.say("{'type':'ping'}");
    client.told("pong", 1);
    assertThat(client.isClosed()).isFalse();
  }

  @Test
  void aTokenSettlesTheIdentity() {
    Client client = connect(bus(), (Identity) null);

    assertThat(client.acked("'type':'auth','token':'user:ada'").get("userId").asString())
        .isEqualTo("ada");
    assertThat(client.told("welcome", 1).get(0).at("/payload/userId").asString()).isEqualTo("ada");
    client.subscribed("t");
  }

  @Test
  void anInvalidOrExpiredTokenEndsTheConnection() {
    Realtime bus = bus();
    for (String token : new String[] {"wrong", "expired"}) {
      Client client = connect(bus, (Identity) null);

      assertThat(client.refused("'type':'auth','token':'" + token + "'")).isEqualTo("UNAUTHORIZED");
      assertThat(client.closeCode()).isEqualTo(4001);
    }
  }

  @Test
  void aVerifierThatCannotTellIsATemporaryFailureWithoutDetails() {
    Client client = connect(bus(), (Identity) null);

    JsonNode error = client.ask("'type':'auth','token':'broken'");
    assertThat(error.at("/payload/code").asString()).isEqualTo("UNAVAILABLE");
    assertThat(error.at("/payload/temporary").asBoolean()).isTrue();
    assertThat(error.toString()).doesNotContain("secret").doesNotContain("Exception");
    assertThat(client.isClosed()).isFalse();
    client.acked("'type':'auth','token':'user:ada'");
  }

  @Test
  void aVerifierMayRefuseWithItsOwnCode() {
    Client client = connect(bus(), (Identity) null);

    assertThat(client.refused("'type':'auth','token':'banned'")).isEqualTo("banned");
  }

  @Test
  void withoutAVerifierTokensAreRefusedAndTheFixIsNamed() {
    realtime = Realtime.builder().clock(clock).build();
    JsonNode error = connect(realtime, (Identity) null).ask("'type':'auth','token':'x'");

    assertThat(error.at("/payload/code").asString()).isEqualTo("UNAUTHORIZED");
    assertThat(error.at("/payload/message").asString()).contains("tokens(");
  }

  @Test
  void guestsAreLetInWhereAllowed() {
    settings.guests();
    Realtime bus = bus();
    String one =
        connect(bus, (Identity) null).told("welcome", 1).get(0).at("/payload/userId").asString();
    String other =
        connect(bus, (Identity) null).told("welcome", 1).get(0).at("/payload/userId").asString();

    assertThat(one).startsWith("guest-").isNotEqualTo(other);
    assertThat(bus.admitsGuests()).isTrue();
  }

  @Test
  void theOpenPolicyLetsGuestsIn() {
    settings.access(AccessPolicy.open());

    connect(bus(), (Identity) null).subscribed("t");
  }

  @Test
  void aGuestThatDidNothingMayStillBecomeAUser() {
    settings.guests();
    Client client = connect(bus(), (Identity) null);

    client.acked("'type':'auth','token':'user:ada'");
    assertThat(client.told("welcome", 2).get(1).at("/payload/userId").asString()).isEqualTo("ada");
  }

  @Test
  void aConnectionNeverChangesItsUser() {
    settings.guests();
    Realtime bus = bus();
    Client guest = connect(bus, (Identity) null).subscribed("t");
    Client ada = connect(bus, "ada");

    assertThat(guest.refused("'type':'auth','token':'user:ada'")).isEqualTo("CONFLICT");
    assertThat(ada.refused("'type':'auth','token':'user:bob'")).isEqualTo("CONFLICT");
    ada.acked("'type':'auth','token':'user:ada'");
    assertThat(ada.told("welcome")).hasSize(1);
    assertThat(guest.isClosed()).isFalse();
  }

  @Test
  void aSessionEndsWithItsToken() {
    Realtime bus = bus();
    Client client = connect(bus, (Identity) null);
    client.acked("'type':'auth','token':'short'");
    client.subscribed("t");
    Client other = connect(bus, "ada").subscribed("t");

    clock.advance(Duration.ofSeconds(3));

    assertThat(client.closeCode()).isEqualTo(4001);
    assertThat(client.told("error", 1).get(0).at("/payload/code").asString())
        .isEqualTo("UNAUTHORIZED");
    assertThat(other.isClosed()).isFalse();
    bus.channel("t").publish("e", 1);
    other.told("event", 1);
    assertThat(client.told("event")).isEmpty();
  }

  @Test
  void aNewTokenInTimeProlongsTheSession() {
    Realtime bus = bus();
    Client renewed = connect(bus, Identity.of("ada").until(clock.instant().plusSeconds(3)));
    Client expiring = connect(bus, Identity.of("ada").until(clock.instant().plusSeconds(3)));
    renewed.acked("'type':'auth','token':'user:ada'");

    clock.advance(Duration.ofSeconds(3));

    assertThat(expiring.closeCode()).isEqualTo(4001);
    renewed.subscribed("t");
    assertThat(renewed.isClosed()).isFalse();
  }

  @Test
  void whoDoesNotAuthenticateInTimeIsClosed() {
    settings.limits(l -> l.authenticationTime(Duration.ofSeconds(2)));
    Realtime bus = bus();
    Client silent = connect(bus, (Identity) null);
    Client known = connect(bus, "ada");

    clock.advance(Duration.ofMillis(2_001));

    assertThat(silent.closeCode()).isEqualTo(4001);
    assertThat(known.isClosed()).isFalse();
  }

  @Test
  void withoutALimitThereIsNoHurry() {
    settings.limits(l -> l.authenticationTime(Duration.ZERO));
    Realtime bus = bus();
    Client silent = connect(bus, (Identity) null);
    Client marker = connect(bus, Identity.of("ada").until(clock.instant().plusSeconds(3)));

    clock.advance(Duration.ofSeconds(4));

    assertThat(marker.closeCode()).isEqualTo(4001);
    assertThat(silent.isClosed()).isFalse();
  }

  @Test
  void revokedIdentitiesAreClosedAndOthersStay() {
    Realtime bus = bus();
    Client ada = connect(bus, "ada").subscribed("t");
    Client tab = connect(bus, "ada");
    Client bob = connect(bus, "bob").subscribed("t");
    Client unknown = connect(bus, (Identity) null);

    bus.revoke(who -> who.userId().equals("ada"));

    assertThat(ada.closeCode()).isEqualTo(4001);
    assertThat(tab.closeCode()).isEqualTo(4001);
    bus.channel("t").publish("e", 1);
    bob.told("event", 1);
    assertThat(ada.told("event")).isEmpty();
    assertThat(unknown.isClosed()).isFalse();
    assertThat(bus.connectionCount()).isEqualTo(2);
  }

  @Test
  void aPredicateThatFailsForOneStillRevokesTheOthers() {
    Realtime bus = bus();
    Client odd = connect(bus, "odd");
    Client ada = connect(bus, "ada");
    Client bob = connect(bus, "bob");

    assertThatThrownBy(
            () ->
                bus.revoke(
                    who -> {
                      if (who.userId().equals("odd")) {
                        throw new IllegalStateException("no such user");
                      }
                      return true;
                    }))
        .hasMessage("no such user");
    assertThat(ada.closeCode()).isEqualTo(4001);
    assertThat(bob.closeCode()).isEqualTo(4001);
    assertThat(odd.isClosed()).isFalse();
  }

  @Test
  void identitiesKeepTheirRolesAndRefuseBadNames() {
    Identity admin = Identity.of("ada").withRoles(Set.of("admin")).until(Instant.EPOCH);

    assertThat(admin.roles()).containsExactly("admin");
    assertThat(admin.expiresAt()).isEqualTo(Instant.EPOCH);
    assertThat(Identity.guest("g").guest()).isTrue();
    assertThatThrownBy(() -> Identity.of("")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Identity.of("x".repeat(129)))
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(Identity.of("x".repeat(128)).userId()).hasSize(128);
  }

  @Test
  void aConnectionThatBreaksAtTheWelcomeIsNotKept() {
    Realtime bus = bus();
    FakeConnection broken = new FakeConnection().behave(FakeConnection.Sending.FAIL);

    connect(bus, Identity.of("ada"), broken);

    Client.eventually().until(() -> bus.connectionCount() == 0);
    assertThat(broken.closed()).isNotNull();
  }

  @Test
  void aConnectionWhoseEndNobodyReportsIsForgotten() {
    Realtime bus = bus();
    FakeConnection broken =
        new FakeConnection().behave(FakeConnection.Sending.THROW).reportsNoClose();
    connect(bus, Identity.of("ada"), broken);
    assertThat(bus.connectionCount()).isOne();

    clock.advance(Duration.ofMillis(5_001));

    Client.eventually().until(() -> bus.connectionCount() == 0);
  }
}
