package dev.tidewire;

import dev.tidewire.sync.yjs.YjsRooms;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** The Yjs documents of a bus that may have none. Stateless, safe for any thread. */
final class YjsPart {

  private YjsPart() {}

  static @Nullable YjsRooms open(
      Realtime.Builder settings, AccessControl access, Sessions sessions, Threads threads) {
    if (settings.yjs == null) {
      return null;
    }
    YjsRooms rooms =
        new YjsRooms(
            settings.yjs, access::require, sessions::orGuest, threads.delivery(), settings.clock);
    threads.everySecond("Looking after Yjs rooms", rooms::tick);
    return rooms;
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
