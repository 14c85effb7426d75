package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SiteTest {

  @ParameterizedTest
  @CsvSource({
    "https://shop.example, https://shop.example:443",
    "http://shop.example, http://shop.example:80",
    "HTTPS://Shop.Example, https://shop.example",
    "wss://shop.example, https://shop.example",
    "ws://shop.example:8080, http://shop.example:8080",
    "http://[::1]:8080, http://[::1]:8080",
  })
  void writtenDifferentlyItIsTheSameSite(String one, String other) {
    assertThat(Site.parse(one)).isNotNull().isEqualTo(Site.parse(other));
  }

  @ParameterizedTest
  @CsvSource({
    "https://shop.example, http://shop.example",
    "https://shop.example, https://shop.example:8443",
    "https://shop.example, https://www.shop.example",
    "https://shop.example, https://shop.example.evil.example",
    "https://shop.example, https://shop.example.",
  })
  void schemeHostAndPortAllCount(String one, String other) {
    assertThat(Site.parse(one)).isNotNull().isNotEqualTo(Site.parse(other));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "",
        "*",
        "shop.example",
        "//shop.example",
        "https://",
        "https://user@shop.example",
        "https://shop.example/",
        "https://shop.example/page",
        "https://shop.example?x",
        "https://shop.example#x",
        "https://shop.example:99999",
        "https://*.shop.example",
        "https://shop example",
        "file:///etc/passwd",
        "data:text/html,x",
      })
  void whatNamesNoSiteIsNone(String origin) {
    assertThat(Site.parse(origin)).isNull();
    assertThatThrownBy(() -> HandshakePolicy.sameOrigin().allowOrigins(origin))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + origin + "'");
  }

  @Test
  void isWrittenAsABrowserWritesIt() {
    assertThat(new Site("wss", "Shop.Example", 443)).hasToString("https://shop.example");
    assertThat(new Site("http", "::1", 8080)).hasToString("http://[::1]:8080");
  }
}
