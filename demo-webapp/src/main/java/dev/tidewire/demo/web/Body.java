package dev.tidewire.demo.web;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A JSON object that a client sent, read field by field; a field that is missing or of another kind
 * is a {@link Problem} that names it. Not thread-safe.
 */
public final class Body {
  private final JsonNode json;

  public Body(JsonNode json) {
    if (!json.isObject()) {
      throw Problem.badRequest("The body must be a JSON object.");
    }
    this.json = json;
  }

  public boolean has(String name) {
    return json.hasNonNull(name);
  }

  /** Trimmed text of 1 to {@code max} characters without control characters. */
  public String text(String name, int max) {
    JsonNode node = json.path(name);
    String text = node.isString() ? node.stringValue().strip() : "";
    if (text.isEmpty() || text.length() > max || text.chars().anyMatch(Character::isISOControl)) {
      throw Problem.badRequest("`" + name + "` must be text of 1 to " + max + " characters.");
    }
    return text;
  }

  public boolean flag(String name) {
    JsonNode node = json.path(name);
    if (!node.isBoolean()) {
      throw Problem.badRequest("`" + name + "` must be true or false.");
    }
    return node.booleanValue();
  }

  public long id(String name) {
    JsonNode node = json.path(name);
    if (!node.isIntegralNumber() || !node.canConvertToLong()) {
      throw Problem.badRequest("`" + name + "` must be a whole number.");
    }
    return node.longValue();
  }

  public @Nullable Long idOrNull(String name) {
    return has(name) ? (Long) id(name) : null;
  }

  /** An amount of money above zero and at most a million, with at most two decimals. */
  public BigDecimal amount(String name) {
    JsonNode node = json.path(name);
    BigDecimal amount =
        node.isNumber() ? node.decimalValue().stripTrailingZeros() : BigDecimal.ZERO;
    if (amount.signum() <= 0 || amount.compareTo(MAX_AMOUNT) > 0 || amount.scale() > 2) {
      throw Problem.badRequest(
          "`" + name + "` must be an amount above 0, at most 1000000, with at most two decimals.");
    }
    return amount.setScale(2);
  }

  private static final BigDecimal MAX_AMOUNT = new BigDecimal(1_000_000);
}
