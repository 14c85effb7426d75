package dev.tidewire.changes.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.tidewire.presence.Member;
import dev.tidewire.presence.Member.Link;
import dev.tidewire.presence.Member.Status;
import dev.tidewire.presence.PresenceDiff;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One step of a channel's presence as the nodes tell it to each other: a difference, or a member
 * whose connections are others now without anybody having to be told. Immutable, safe for any
 * thread.
 *
 * @param revision of the channel after the step
 * @param member afterwards; for a leave, as it last was
 * @param change what is told, null for nothing
 * @param reason of a leave
 */
record PresenceStep(
    long revision,
    Member member,
    PresenceDiff.@Nullable Change change,
    PresenceDiff.@Nullable Reason reason) {

  private static final byte VERSION = 1;
  private static final String NONE = "";

  @Nullable PresenceDiff diff(String topic) {
    return change == null ? null : new PresenceDiff(topic, revision, change, member, reason);
  }

  /** The user with these connections, the one that tracked last at the end. */
  static Member member(String userId, List<Link> links, long since) {
    boolean online = links.stream().anyMatch(link -> link.status() == Status.ONLINE);
    return new Member(
        userId,
        links.get(links.size() - 1).data(),
        online ? Status.ONLINE : Status.AWAY,
        List.copyOf(links),
        since);
  }

  byte[] bytes() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      out.writeLong(revision);
      out.writeUTF(change == null ? NONE : change.name());
      out.writeUTF(reason == null ? NONE : reason.name());
      write(out, member.userId());
      out.writeLong(member.since());
      out.writeInt(member.connections().size());
      for (Link link : member.connections()) {
        write(out, link.id());
        write(out, link.data());
        out.writeBoolean(link.status() == Status.ONLINE);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e); // there is no device
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  /**
   * Reads what {@link #bytes} wrote.
   *
   * @throws IllegalArgumentException if another version wrote it
   */
  static PresenceStep read(byte[] bytes) {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      if (in.readByte() != VERSION) {
        throw new IllegalArgumentException("a presence step of an unknown version");
      }
      long revision = in.readLong();
      String change = in.readUTF();
      String reason = in.readUTF();
      String userId = text(in);
      long since = in.readLong();
      int count = in.readInt();
      List<Link> links = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        links.add(new Link(text(in), text(in), in.readBoolean() ? Status.ONLINE : Status.AWAY));
      }
      return new PresenceStep(
          revision,
          member(userId, links, since),
          change.equals(NONE) ? null : PresenceDiff.Change.valueOf(change),
          reason.equals(NONE) ? null : PresenceDiff.Reason.valueOf(reason));
    } catch (IOException | IndexOutOfBoundsException e) {
      throw new IllegalArgumentException("a presence step that is cut off", e);
    }
  }

  private static String text(DataInputStream in) throws IOException {
    return new String(in.readNBytes(in.readInt()), UTF_8);
  }
}
