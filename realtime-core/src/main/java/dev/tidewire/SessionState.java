package dev.tidewire;

import dev.tidewire.inspector.LiveConnection;
import dev.tidewire.inspector.LiveSubscription;
import dev.tidewire.rows.Where;
import dev.tidewire.transport.Connection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A session as the inspector looks at it: no lock of the session is needed, and its queue's only
 * for as long as it takes to read a number. Immutable but for what it refers to, which is safe for
 * any thread.
 */
record SessionState(
    Connection connection,
    OutboundQueue queue,
    Map<String, ClientSubscription> subscriptions,
    long connectedAt,
    long lastHeard,
    boolean ended) {

  static SessionState of(ClientSession session) {
    return new SessionState(
        session.connection,
        session.queue,
        session.commands.subscriptions(),
        session.connectedAt,
        session.lastHeard,
        session.hasEnded());
  }

  LiveConnection connection(String id, @Nullable Identity who) {
    return new LiveConnection(
        id,
        who == null ? null : who.userId(),
        who != null && who.guest(),
        connection.transport(),
        connection.remoteAddress(),
        connectedAt,
        lastHeard,
        subscriptions.size(),
        queue.waiting(false).bytes(),
        ended);
  }

  /** By topic. */
  List<LiveSubscription> live() {
    return subscriptions.values().stream()
        .map(
            subscription -> {
              RowRequest rows = subscription.request();
              return new LiveSubscription(
                  subscription.topic(),
                  List.copyOf(columns(rows == null ? null : rows.where())),
                  rows != null && !rows.view().equals(RowView.all()),
                  subscription.wantsPresence());
            })
        .sorted((a, b) -> a.topic().compareTo(b.topic()))
        .toList();
  }

  /** The columns that a condition names. */
  static Set<String> columns(@Nullable Where where) {
    Set<String> names = new TreeSet<>();
    collect(where, names);
    return names;
  }

  private static void collect(@Nullable Where where, Set<String> names) {
    if (where instanceof Where.And and) {
      and.parts().forEach(part -> collect(part, names));
    } else if (where instanceof Where.Or or) {
      or.parts().forEach(part -> collect(part, names));
    } else if (where instanceof Where.Not not) {
      collect(not.part(), names);
    } else if (where instanceof Where.IsNull isNull) {
      names.add(isNull.column());
    } else if (where instanceof Where.In in) {
      names.add(in.column());
    } else if (where instanceof Where.Comparison comparison) {
      names.add(comparison.column());
    }
  }
}
