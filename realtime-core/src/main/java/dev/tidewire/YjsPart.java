package dev.tidewire;

import dev.tidewire.broker.Broker;
import dev.tidewire.broker.BrokerListener;
import dev.tidewire.protocol.FrameCodec;
import dev.tidewire.sync.yjs.YjsNodes;
import dev.tidewire.sync.yjs.YjsRooms;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The Yjs documents of a bus that may have none. Stateless, safe for any thread. */
final class YjsPart {

  private YjsPart() {}

  static @Nullable YjsRooms open(
      Realtime.Builder settings,
      AccessControl access,
      Sessions sessions,
      Threads threads,
      Broker broker,
      FrameCodec codec,
      RandomIds ids) {
    if (settings.yjs == null) {
      return null;
    }
    YjsNodes nodes =
        broker.isShared()
            ? new YjsNodes(broker, codec, settings.yjs, ids::next, settings.clock)
            : null;
    YjsRooms rooms =
        new YjsRooms(
            settings.yjs,
            nodes,
            access::require,
            sessions::orGuest,
            threads.delivery(),
            settings.clock);
    threads.everySecond("Looking after Yjs rooms", rooms::tick);
    return rooms;
  }

  /** What the broker is to tell: the hub, and the rooms that other nodes have open too. */
  static BrokerListener listener(@Nullable YjsRooms rooms, BrokerListener hub) {
    return rooms == null ? hub : rooms.listener(hub);
  }

  static void revoke(@Nullable YjsRooms rooms, Predicate<Identity> whose) {
    if (rooms != null) {
      rooms.revoke(whose);
    }
  }

  static void recheck(
      @Nullable YjsRooms rooms, Predicate<Identity> whose, UnaryOperator<Identity> change) {
    if (rooms != null) {
      rooms.recheck(whose, change);
    }
  }

  static void dismiss(@Nullable YjsRooms rooms) {
    if (rooms != null) {
      rooms.dismiss();
    }
  }

  /** Dismisses all but so many. */
  static void dismiss(@Nullable YjsRooms rooms, long mayStay) {
    if (rooms != null) {
      rooms.dismissAllBut(mayStay);
    }
  }

  static int connections(@Nullable YjsRooms rooms) {
    return rooms == null ? 0 : rooms.connectionCount();
  }

  /** How many rooms are still open. */
  static int open(@Nullable YjsRooms rooms) {
    return rooms == null ? 0 : rooms.roomCount();
  }

  static void close(@Nullable YjsRooms rooms) {
    if (rooms != null) {
      rooms.close();
    }
  }
}
