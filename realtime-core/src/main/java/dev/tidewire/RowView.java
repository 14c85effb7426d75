package dev.tidewire;

import dev.tidewire.rows.Where;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link RowPolicy} lets somebody see of a table: which rows and which columns. Two views
 * are equal, and their subscribers one class, if they have the same condition, the same key and the
 * same hidden columns.
 *
 * <p>Immutable, safe for any thread.
 */
public final class RowView {

  private final Where where;
  private final @Nullable Object key;
  private final Predicate<Map<String, @Nullable Object>> rows;
  private final Set<String> hidden;

  private RowView(
      Where where,
      @Nullable Object key,
      Predicate<Map<String, @Nullable Object>> rows,
      Set<String> hidden) {
    this.where = where;
    this.key = key;
    this.rows = rows;
    this.hidden = hidden;
  }

  /** All rows with all published columns. */
  public static RowView all() {
    return where(Where.all());
  }

  /** No row at all. */
  public static RowView none() {
    return where(Where.none());
  }

  /** The rows of a condition on published columns; also columns that this view hides. */
  public static RowView where(Where condition) {
    return new RowView(Objects.requireNonNull(condition, "condition"), null, row -> true, Set.of());
  }

  /**
   * The rows that a predicate picks. It is called by delivering threads, with rows as in {@link
   * dev.tidewire.channel.RowChange}, and must neither wait nor change its mind about a row; where
   * it throws, subscribers are told to reload instead.
   *
   * @param key names the class: predicates with equal keys must pick the same rows
   */
  public static RowView matching(Object key, Predicate<Map<String, @Nullable Object>> predicate) {
    return new RowView(
        Where.all(),
        Objects.requireNonNull(key, "key"),
        Objects.requireNonNull(predicate, "predicate"),
        Set.of());
  }

  /**
   * The same without these columns; neither shown nor open to a subscriber's {@code where}. A name
   * that is not that of a published column refuses the subscription ({@code FORBIDDEN}, and an
   * error in the log): a misspelt name must not show what it meant to hide.
   */
  public RowView hide(String... columns) {
    Set<String> names = new LinkedHashSet<>(hidden);
    for (String column : columns) {
      names.add(column.toLowerCase(Locale.ROOT));
    }
    return new RowView(where, key, rows, Collections.unmodifiableSet(new TreeSet<>(names)));
  }

  Where condition() {
    return where;
  }

  boolean picks(Map<String, @Nullable Object> row) {
    return rows.test(row);
  }

  boolean picksAll() {
    return key == null;
  }

  boolean hides(String column) {
    return !hidden.isEmpty() && hidden.contains(column.toLowerCase(Locale.ROOT));
  }

  /**
   * Makes sure that all that is to be hidden is there.
   *
   * @throws IllegalArgumentException with the name that is not
   */
  void requireHidden(Set<String> columns) {
    for (String name : hidden) {
      if (columns.stream().noneMatch(column -> column.equalsIgnoreCase(name))) {
        throw new IllegalArgumentException(
            "'" + name + "' is to be hidden, but is no published column: " + columns);
      }
    }
  }

  boolean hidesSomething() {
    return !hidden.isEmpty();
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof RowView view
        && where.equals(view.where)
        && Objects.equals(key, view.key)
        && hidden.equals(view.hidden);
  }

  @Override
  public int hashCode() {
    return Objects.hash(where, key, hidden);
  }

  @Override
  public String toString() {
    return "RowView[" + where + (key == null ? "" : " " + key) + " without " + hidden + ']';
  }
}
