package dev.tidewire.demo.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.ssl.SslContextFactory;

/** Key and certificate of a server that speaks TLS. Immutable, safe for any thread. */
final class Certificate {
  private static final String PASSWORD = "TIDEWIRE_KEYSTORE_PASSWORD";
  private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "::1");
  private static final int PATIENCE_SECONDS = 60;

  private final SslContextFactory.Server tls = new SslContextFactory.Server();

  private Certificate(Path keystore, String password) {
    tls.setKeyStorePath(keystore.toUri().toString());
    tls.setKeyStorePassword(password);
  }

  /**
   * From a PKCS #12 or JKS file.
   *
   * @throws IllegalArgumentException if there is none that opens with the password
   */
  static Certificate of(Path keystore, String password) {
    Certificate certificate = new Certificate(keystore, password);
    try {
      certificate.tls.start(); // reads the file, which is not needed afterwards
    } catch (Exception e) {
      throw new IllegalArgumentException(
          "no certificate can be read from " + keystore + ": " + e.getMessage(), e);
    }
    return certificate;
  }

  /** One of its own for this host and the local one, which no browser knows; made by keytool. */
  static Certificate selfSigned(String host) throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("tidewire-tls");
    Path keystore = folder.resolve("keystore.p12");
    String password = UUID.randomUUID().toString();
    try {
      ProcessBuilder keytool =
          new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
              "-genkeypair",
              "-alias",
              "tidewire",
              "-keyalg",
              "EC",
              "-groupname",
              "secp256r1",
              "-validity",
              "30",
              "-dname",
              "CN=Tidewire demo",
              "-ext",
              "san=dns:localhost,ip:127.0.0.1,ip:::1" + alternative(host),
              "-storetype",
              "PKCS12",
              "-keystore",
              keystore.toString(),
              "-storepass:env",
              PASSWORD);
      keytool.environment().put(PASSWORD, password);
      run(keytool, folder.resolve("output"));
      return of(keystore, password);
    } finally {
      Files.deleteIfExists(keystore);
      Files.deleteIfExists(folder.resolve("output"));
      Files.deleteIfExists(folder);
    }
  }

  private static String alternative(String host) {
    if (LOCAL.contains(host)) {
      return "";
    }
    boolean address = host.indexOf(':') >= 0 || host.matches("[0-9.]+");
    return ",%s:%s".formatted(address ? "ip" : "dns", host);
  }

  private static void run(ProcessBuilder command, Path output)
      throws IOException, InterruptedException {
    Process process = command.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException("keytool does not end");
    }
    if (process.exitValue() != 0) {
      throw new IOException("keytool failed: " + Files.readString(output).strip());
    }
  }

  SslContextFactory.Server tls() {
    return tls;
  }
}
