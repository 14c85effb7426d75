package dev.tidewire.sync.yjs;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a room has of its document: one merged update and those that came since, and a table of
 * contents that tells what is new without reading them. Not thread-safe.
 */
final class YjsDocument {

  private static final int DIGEST_BYTES = 16;

  private byte[] merged = {0, 0};
  private final List<byte[]> since = new ArrayList<>();
  private long sinceBytes;
  private final ClockSet structs = new ClockSet();
  private final ClockSet deletes = new ClockSet();
  private @Nullable Contents digests;

  /** Whether the update has anything that the document has not. */
  boolean lacks(UpdateCheck update) {
    return !structs.containsAll(update.structs()) || !deletes.containsAll(update.deletes());
  }

  void add(UpdateCheck update) {
    structs.join(update.structs());
    deletes.join(update.deletes());
    digests = null;
    since.add(update.update());
    sinceBytes += update.update().length;
  }

  /** Whether something is missing before what this update brought. */
  boolean hasGapsWhere(UpdateCheck update) {
    return structs.hasGapsWhere(update.structs());
  }

  /** Bytes it takes with so many more; merges if that may be worth it. */
  long sizeWith(long more, long limit) {
    if (merged.length + sinceBytes + more > limit) {
      return merged().length + more;
    }
    return merged.length + sinceBytes + more;
  }

  /** Updates that are not merged yet. */
  int pieces() {
    return since.size();
  }

  byte[] stateVector() {
    return position().toBytes();
  }

  /** How far it goes without a gap. */
  StateVector position() {
    return structs.stateVector();
  }

  /**
   * What it has, in few bytes.
   *
   * @param withVector whether somebody is to send what is missing
   */
  Contents contents(boolean withVector) {
    Contents known = digests;
    if (known == null) {
      known = new Contents(digest(structs), digest(deletes), new byte[0]);
      digests = known;
    }
    return withVector ? new Contents(known.structs(), known.deletes(), stateVector()) : known;
  }

  private static byte[] digest(ClockSet clocks) {
    ByteWriter out = new ByteWriter();
    clocks.write(out);
    try {
      return Arrays.copyOf(
          MessageDigest.getInstance("SHA-256").digest(out.toBytes()), DIGEST_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every JVM has it
    }
  }

  /** What somebody misses who has that; empty if it is nothing. */
  byte[] missing(Contents there) {
    StateVector has = StateVector.read(there.vector());
    boolean complete =
        structs.isWithin(has) && Arrays.equals(there.deletes(), contents(false).deletes());
    return complete ? new byte[0] : missing(has);
  }

  /** What somebody misses whose state vector this is. */
  byte[] missing(StateVector has) {
    if (structs.isWithin(has)) { // nothing but, perhaps, deletions: no need to read it all
      ByteWriter update = new ByteWriter();
      deletes.write(update.varUint(0));
      return update.toBytes();
    }
    return UpdateMerge.diff(merged(), has);
  }

  /**
   * All of it as one update.
   *
   * @throws IllegalStateException if merging lost anything; the updates are then kept as they are
   */
  byte[] merged() {
    if (!since.isEmpty()) {
      List<byte[]> all = new ArrayList<>(since.size() + 1);
      all.add(merged);
      all.addAll(since);
      byte[] joined = UpdateMerge.compact(UpdateMerge.merge(all));
      UpdateCheck check = UpdateCheck.of(joined);
      if (!check.structs().equals(structs) || !check.deletes().equals(deletes)) {
        throw new IllegalStateException("the merge of a document is not what went into it");
      }
      merged = joined;
      since.clear();
      sinceBytes = 0;
    }
    return merged;
  }
}
