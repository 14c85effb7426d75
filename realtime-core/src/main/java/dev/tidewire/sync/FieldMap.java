package dev.tidewire.sync;

import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a document: a last-writer-wins map. Of two writes of a field the one with the later
 * stamp counts, so whoever has seen the same writes, in whatever order and however often, has the
 * same map.
 *
 * <p>A removed field stays as a write without a value, so that an earlier write that comes late
 * does not bring it back. {@link #purge} bounds how many of those stay; the latest stamp that was
 * purged is the map's floor, and a write of an unknown field that is not later than the floor is
 * refused as forgotten. Only the replica that orders all writes, the server, purges.
 *
 * <p>Not thread-safe.
 */
public final class FieldMap {

  /** What a write is to the map. */
  public enum Verdict {
    /** It is the last one now. */
    NEWER,
    /** It is the one there is. */
    SAME,
    /** A later one is known. */
    OLDER,
    /** Perhaps a later one was known, and removed the field. */
    FORGOTTEN
  }

  /**
   * Removals that were dropped.
   *
   * @param removals latest last
   * @param floor the map's floor from now on
   */
  public record Purge(List<FieldWrite> removals, Stamp floor) {}

  private final Map<String, FieldWrite> writes;
  private @Nullable Stamp floor;
  private int fields;
  private int bytes;

  /** An empty map. */
  public FieldMap() {
    writes = new LinkedHashMap<>();
  }

  /** A map of these writes. */
  public FieldMap(Collection<FieldWrite> known, @Nullable Stamp floor) {
    this();
    known.forEach(this::merge);
    this.floor = floor;
  }

  private FieldMap(FieldMap other) {
    writes = new LinkedHashMap<>(other.writes);
    floor = other.floor;
    fields = other.fields;
    bytes = other.bytes;
  }

  /** A map of its own with the same writes. */
  public FieldMap copy() {
    return new FieldMap(this);
  }

  /** What merging the write would do. */
  public Verdict judge(FieldWrite write) {
    FieldWrite known = writes.get(write.field());
    if (known == null) {
      return write.at().isAfter(floor) ? Verdict.NEWER : Verdict.FORGOTTEN;
    }
    int order = write.at().compareTo(known.at());
    return order > 0 ? Verdict.NEWER : order == 0 ? Verdict.SAME : Verdict.OLDER;
  }

  /** Takes the write in, if it is the last one of its field. */
  public Verdict merge(FieldWrite write) {
    Verdict verdict = judge(write);
    if (verdict == Verdict.NEWER) {
      count(writes.put(write.field(), write), -1);
      count(write, 1);
    }
    return verdict;
  }

  private void count(@Nullable FieldWrite write, int sign) {
    if (write != null && !write.isRemoval()) {
      fields += sign;
      bytes += sign * write.bytes();
    }
  }

  /** The last write of a field, a removal too; null if none is known. */
  public @Nullable FieldWrite get(String field) {
    return writes.get(field);
  }

  /** The last write of every field, removals too. */
  public Collection<FieldWrite> writes() {
    return Collections.unmodifiableCollection(writes.values());
  }

  /** Number of fields that have a value. */
  public int fields() {
    return fields;
  }

  /** UTF-8 bytes of their names and values. */
  public int bytes() {
    return bytes;
  }

  /** The latest stamp that was purged; null if none was. */
  public @Nullable Stamp floor() {
    return floor;
  }

  /**
   * Drops removals, the earliest first: those made before a time, and what is too many.
   *
   * @param keep removals that may stay
   * @param before milliseconds since 1970
   * @return what was dropped, or null if nothing was
   */
  public @Nullable Purge purge(int keep, long before) {
    List<FieldWrite> removals =
        writes.values().stream()
            .filter(FieldWrite::isRemoval)
            .sorted(Comparator.comparing(FieldWrite::at))
            .toList();
    int drop = Math.max(0, removals.size() - keep);
    while (drop < removals.size() && removals.get(drop).at().time() < before) {
      drop++;
    }
    if (drop == 0) {
      return null;
    }
    List<FieldWrite> dropped = removals.subList(0, drop);
    dropped.forEach(removal -> writes.remove(removal.field()));
    Stamp last = dropped.get(drop - 1).at();
    Stamp raised = last.isAfter(floor) || floor == null ? last : floor;
    floor = raised;
    return new Purge(List.copyOf(dropped), raised);
  }

  /** Forgets removals that another map has purged, unless later writes took their place. */
  public void forget(Purge purge) {
    for (FieldWrite removal : purge.removals()) {
      FieldWrite known = writes.get(removal.field());
      if (known != null && known.at().equals(removal.at())) {
        writes.remove(removal.field());
      }
    }
    floor = purge.floor().isAfter(floor) ? purge.floor() : floor;
  }
}
