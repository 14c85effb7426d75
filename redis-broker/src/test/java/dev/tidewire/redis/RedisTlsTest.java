package dev.tidewire.redis;

import static dev.tidewire.testing.Drafts.await;
import static dev.tidewire.testing.Drafts.event;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidewire.RealtimeException;
import dev.tidewire.broker.Broker.ReadLimit;
import dev.tidewire.channel.ChannelOptions;
import dev.tidewire.testing.HeardStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import javax.net.ssl.SSLHandshakeException;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server whose certificate no public authority has signed; it is a cluster of its own, too. */
class RedisTlsTest {

  private static final String STORE = "javax.net.ssl.trustStore";
  private static final String PASSWORD = "changeit";

  @TempDir static Path directory;

  private static RedisProcess redis;
  private static int port;

  @BeforeAll
  static void startRedis() throws Exception {
    KeyStore keys = selfSigned();
    pem("key.pem", "PRIVATE KEY", keys.getKey("redis", PASSWORD.toCharArray()).getEncoded());
    Certificate certificate = keys.getCertificate("redis");
    pem("cert.pem", "CERTIFICATE", certificate.getEncoded());
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("redis", certificate);
    try (OutputStream out = Files.newOutputStream(directory.resolve("trusted.p12"))) {
      trusted.store(out, PASSWORD.toCharArray());
    }
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    redis =
        RedisProcess.installed(
            "--tls-port",
            "" + port,
            "--tls-cert-file",
            directory.resolve("cert.pem").toString(),
            "--tls-key-file",
            directory.resolve("key.pem").toString(),
            "--tls-ca-cert-file",
            directory.resolve("cert.pem").toString(),
            "--tls-auth-clients",
            "no",
            "--tls-cluster",
            "yes",
            "--cluster-enabled",
            "yes");
    assertThat(redis.say("CLUSTER ADDSLOTSRANGE 0 16383")).startsWith("+OK");
    RedisCluster.eventually().until(() -> redis.say("CLUSTER INFO").contains("cluster_state:ok"));
  }

  private static KeyStore selfSigned() throws Exception {
    Path file = directory.resolve("keys.p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "redis",
                "-keyalg",
                "EC",
                "-dname",
                "CN=redis",
                "-ext",
                "san=ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                PASSWORD)
            .inheritIO()
            .start();
    assertThat(keytool.waitFor()).isZero();
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(file)) {
      keys.load(in, PASSWORD.toCharArray());
    }
    return keys;
  }

  private static void pem(String file, String kind, byte[] content) throws Exception {
    String text = Base64.getMimeEncoder().encodeToString(content);
    Files.writeString(
        directory.resolve(file),
        "-----BEGIN %1$s-----\n%2$s\n-----END %1$s-----\n".formatted(kind, text));
  }

  @AfterAll
  static void stopRedis() {
    redis.close();
  }

  @AfterEach
  void trustAsBefore() {
    System.clearProperty(STORE);
    System.clearProperty(STORE + "Password");
  }

  private static void trust() {
    System.setProperty(STORE, directory.resolve("trusted.p12").toString());
    System.setProperty(STORE + "Password", PASSWORD);
  }

  private static void worksAt(String uri) {
    HeardStream heard = new HeardStream();
    try (RedisBroker broker = RedisBroker.connect(uri)) {
      broker.start(heard);
      broker.subscribe("t");
      await(broker.read("t", null, new ReadLimit(1, 1)));
      await(broker.append(event("t", uri), ChannelOptions.DEFAULT, null));
      Awaitility.await().until(() -> heard.last().contains(uri));
    }
  }

  @Test
  void aCertificateInTheTrustStoreOfTheJvmIsTrusted() {
    trust();

    worksAt("rediss://127.0.0.1:" + port);
    worksAt("rediss-cluster://127.0.0.1:" + port);
  }

  @Test
  void oneThatNobodyVouchesForIsRefusedUnlessItIsNotToBeVerified() {
    assertThatThrownBy(() -> RedisBroker.connect("rediss://127.0.0.1:" + port))
        .isInstanceOf(RealtimeException.class)
        .hasMessageContaining("Redis cannot be reached")
        .hasRootCauseMessage("unable to find valid certification path to requested target")
        .satisfies(
            failure -> {
              Throwable cause = failure;
              while (cause != null && !(cause instanceof SSLHandshakeException)) {
                cause = cause.getCause();
              }
              assertThat(cause).isNotNull();
            });

    worksAt("rediss://127.0.0.1:" + port + "?verifyPeer=NONE");
  }

  @Test
  void oneOfAnotherHostIsRefusedEvenIfItIsTrusted() {
    trust();

    assertThatThrownBy(() -> RedisBroker.connect("rediss://localhost:" + port))
        .isInstanceOf(RealtimeException.class);
    worksAt("rediss://localhost:" + port + "?verifyPeer=CA");
  }
}
