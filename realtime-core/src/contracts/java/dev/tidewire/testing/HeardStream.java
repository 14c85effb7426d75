package dev.tidewire.testing;

import dev.tidewire.broker.BrokerListener;
import dev.tidewire.broker.Tail;
import dev.tidewire.channel.Position;
import dev.tidewire.channel.Publication;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** What the listener of one node heard of one channel, in its order. Safe for any thread. */
public final class HeardStream implements BrokerListener {

  private final List<Object> all = new CopyOnWriteArrayList<>();

  private record Lost(Tail.Outcome why, Position position) {}

  @Override
  public void onPublication(Publication publication) {
    all.add(publication);
  }

  @Override
  public void onLost(String topic, Tail.Outcome why, Position position) {
    all.add(new Lost(why, position));
  }

  @Override
  public void onReady(String topic) {}

  public List<Publication> publications() {
    return all.stream().filter(Publication.class::isInstance).map(Publication.class::cast).toList();
  }

  @Override
  public String toString() {
    return all.toString();
  }

  /** Each loss that was told: why, and up to which position. */
  public List<String> lost() {
    return all.stream()
        .filter(Lost.class::isInstance)
        .map(Lost.class::cast)
        .map(lost -> lost.why() + " " + lost.position())
        .toList();
  }

  /** The data of the last publication. */
  public String last() {
    List<Publication> publications = publications();
    return publications.isEmpty() ? "" : publications.get(publications.size() - 1).dataJson();
  }

  /** Whether each publication follows the one before, or a loss that was told. */
  public boolean isWithoutSilentHole(Position from) {
    Position at = new Position(from.epoch(), from.offset() - 1);
    for (Object item : all) {
      if (item instanceof Lost lost) {
        at = lost.position();
      } else {
        Position next = ((Publication) item).position();
        if (!next.equals(new Position(at.epoch(), at.offset() + 1))) {
          return false;
        }
        at = next;
      }
    }
    return true;
  }
}
