package dev.tidewire.jakarta;

import java.util.regex.Pattern;

/**
 * Where the endpoints of a bus are and who gets in. Immutable; every method returns a changed copy.
 * Safe for any thread.
 */
public final class EndpointOptions {

  private static final Pattern BASE = Pattern.compile("(/[A-Za-z0-9._-]+)+");
  private static final EndpointOptions DEFAULTS =
      new EndpointOptions("/realtime", HandshakePolicy.sameOrigin(), false, false);

  private final String base;
  private final HandshakePolicy handshake;
  private final boolean keepOpen;
  private final boolean inspector;

  private EndpointOptions(
      String base, HandshakePolicy handshake, boolean keepOpen, boolean inspector) {
    this.base = base;
    this.handshake = handshake;
    this.keepOpen = keepOpen;
    this.inspector = inspector;
  }

  /** Everything below {@code /realtime}, same-origin only, the bus closed with the application. */
  public static EndpointOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Path of the endpoints under the application's context path; default {@code /realtime}. All
   * paths below it belong to the bus.
   *
   * @throws IllegalArgumentException unless it is like {@code /live} or {@code /api/live}
   */
  public EndpointOptions base(String path) {
    if (!BASE.matcher(path).matches()) {
      throw new IllegalArgumentException("not a base path like '/realtime': '" + path + "'");
    }
    return new EndpointOptions(path, handshake, keepOpen, inspector);
  }

  /** Who gets in; default {@link HandshakePolicy#sameOrigin}. */
  public EndpointOptions handshake(HandshakePolicy policy) {
    return new EndpointOptions(base, policy, keepOpen, inspector);
  }

  /**
   * Leaves the bus open when the application goes away, for a bus that several applications share;
   * only the connections made through these endpoints are then closed, with 1001. By default the
   * bus is closed with the application, whoever built it.
   */
  public EndpointOptions keepOpen() {
    return new EndpointOptions(base, handshake, true, inspector);
  }

  /**
   * Opens the inspector at {@code /realtime/inspector/}: a page, and JSON for tools, that tell who
   * is connected, what they subscribe to, and what became of an event. Off by default: nothing is
   * there. Who may use it is {@link dev.tidewire.AccessPolicy#canInspect}, which says no to
   * everybody unless told otherwise: {@code access(policy.inspectedBy(who ->
   * who.roles().contains("admin")))}.
   */
  public EndpointOptions inspector() {
    return new EndpointOptions(base, handshake, keepOpen, true);
  }

  String base() {
    return base;
  }

  HandshakePolicy handshake() {
    return handshake;
  }

  boolean keepsOpen() {
    return keepOpen;
  }

  boolean hasInspector() {
    return inspector;
  }
}
