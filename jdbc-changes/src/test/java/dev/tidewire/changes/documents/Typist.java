package dev.tidewire.changes.documents;

import dev.tidewire.Realtime;
import dev.tidewire.SharedDocument;
import dev.tidewire.sync.DocumentOptions;
import java.util.Map;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A program that writes a document and says what was acknowledged, until it is killed. */
final class Typist {

  private Typist() {}

  static DataSource dataSource(String url) {
    if (url.startsWith("jdbc:h2:")) {
      JdbcDataSource dataSource = new JdbcDataSource();
      dataSource.setURL(url);
      return dataSource;
    }
    PGSimpleDataSource dataSource = new PGSimpleDataSource();
    dataSource.setUrl(url);
    return dataSource;
  }

  public static void main(String[] args) {
    Realtime realtime =
        Realtime.builder()
            .documents(DocumentOptions.in(JdbcDocumentStore.on(dataSource(args[0]))))
            .build();
    SharedDocument document = realtime.documents().get("typed");
    for (int n = 1; ; n++) {
      document.setAll(Map.of("n", n, "f" + n % 50, n)).toCompletableFuture().join();
      System.out.println("acknowledged " + n);
    }
  }
}
