package dev.tidewire.jakarta;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidewire.jakarta.Origins.Standing;
import jakarta.servlet.http.HttpServletRequest;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OriginsTest {

  private static final HandshakePolicy PLAIN = HandshakePolicy.sameOrigin();
  private static final HandshakePolicy BEHIND_PROXY = PLAIN.trustForwardedHeaders();

  @Test
  void aRequestWithoutOriginComesFromNoPage() {
    assertThat(standing(PLAIN, request())).isEqualTo(Standing.NONE);
  }

  @ParameterizedTest
  @CsvSource({
    "http://shop.internal:8080, OWN",
    "https://shop.internal:8080, FOREIGN",
    "http://shop.internal, FOREIGN",
    "http://SHOP.internal:8080, OWN",
    "https://partner.example, LISTED",
    "http://partner.example, FOREIGN",
    "https://partner.example.evil.example, FOREIGN",
    "null, FOREIGN",
    "garbage, FOREIGN",
  })
  void ofPagesTheExactOriginDecides(String origin, Standing expected) {
    HandshakePolicy policy = PLAIN.allowOrigins("https://partner.example");

    assertThat(standing(policy, request("Origin", origin))).isEqualTo(expected);
  }

  @Test
  void forwardedHeadersCountOnlyIfTrusted() {
    HttpServletRequest request =
        request(
            "Origin", "https://shop.example",
            "X-Forwarded-Proto", "https",
            "X-Forwarded-Host", "shop.example",
            "X-Forwarded-For", "203.0.113.9");

    assertThat(standing(PLAIN, request)).isEqualTo(Standing.FOREIGN);
    assertThat(new Origins(PLAIN).address(request)).isEqualTo("10.0.0.1");
    assertThat(standing(BEHIND_PROXY, request)).isEqualTo(Standing.OWN);
    assertThat(new Origins(BEHIND_PROXY).address(request)).isEqualTo("203.0.113.9");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "X-Forwarded-Proto | https | https://shop.internal:8080",
        "X-Forwarded-Host | shop.example | http://shop.example",
        "X-Forwarded-Host | shop.example:8443 | http://shop.example:8443",
        "X-Forwarded-Host | 'shop.example, proxy.internal' | http://shop.example",
        "X-Forwarded-Host | 'not a host' | http://shop.internal:8080",
        "X-Forwarded-Port | 9000 | http://shop.internal:9000",
        "X-Forwarded-Port | many | http://shop.internal:8080",
        "Forwarded | 'for=192.0.2.1;proto=https;host=shop.example' | https://shop.example",
        "Forwarded | 'Host=\"shop.example:8443\"; Proto=https' | https://shop.example:8443",
        "Forwarded | 'proto=https;host=shop.example, proto=http;host=inner' | https://shop.example",
        "Forwarded | 'nonsense' | http://shop.internal:8080",
      })
  void theOwnSiteIsWhatTheFirstProxySaw(String header, String value, String own) {
    assertThat(new Origins(BEHIND_PROXY).own(request(header, value))).hasToString(own);
  }

  @Test
  void aProxyThatEndsTlsAndKeepsTheHostNeedsNoPort() {
    HttpServletRequest request =
        request("http", "shop.example", 80, List.of("X-Forwarded-Proto", "https"));

    assertThat(new Origins(BEHIND_PROXY).own(request)).hasToString("https://shop.example");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "X-Forwarded-For | 203.0.113.9 | 203.0.113.9",
        "X-Forwarded-For | '6.6.6.6, 203.0.113.9' | 203.0.113.9",
        "X-Forwarded-For | 203.0.113.9:4711 | 203.0.113.9",
        "X-Forwarded-For | 2001:db8::1 | 2001:db8::1",
        "Forwarded | 'for=\"[2001:db8::1]:4711\"' | 2001:db8::1",
        "Forwarded | 'for=6.6.6.6, for=203.0.113.9' | 203.0.113.9",
        "X-Forwarded-For | ' ' | 10.0.0.1",
      })
  void theAddressIsWhatTheLastProxySaw(String header, String value, String address) {
    assertThat(new Origins(BEHIND_PROXY).address(request(header, value))).isEqualTo(address);
  }

  private static Standing standing(HandshakePolicy policy, HttpServletRequest request) {
    return new Origins(policy).standing(request);
  }

  private static HttpServletRequest request(String... headers) {
    return request("http", "shop.internal", 8080, List.of(headers));
  }

  /** A request that knows its address and the headers: name, value, name, value. */
  private static HttpServletRequest request(
      String scheme, String host, int port, List<String> headers) {
    return (HttpServletRequest)
        Proxy.newProxyInstance(
            OriginsTest.class.getClassLoader(),
            new Class<?>[] {HttpServletRequest.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "getScheme" -> scheme;
                  case "getServerName" -> host;
                  case "getServerPort" -> port;
                  case "getRemoteAddr" -> "10.0.0.1";
                  case "getHeader" ->
                      values(headers, (String) arguments[0]).stream().findFirst().orElse(null);
                  case "getHeaders" ->
                      Collections.enumeration(values(headers, (String) arguments[0]));
                  default -> throw new UnsupportedOperationException(method.getName());
                });
  }

  private static List<String> values(List<String> headers, String name) {
    String[] found = new String[headers.size() / 2];
    int count = 0;
    for (int i = 0; i < headers.size(); i += 2) {
      if (headers.get(i).equalsIgnoreCase(name)) {
        found[count++] = headers.get(i + 1);
      }
    }
    return List.of(Arrays.copyOf(found, count));
  }
}
