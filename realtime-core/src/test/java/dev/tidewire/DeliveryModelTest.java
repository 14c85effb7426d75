package dev.tidewire;

import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.FixedSeedMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;
import net.jqwik.api.state.Action;
import net.jqwik.api.state.ActionChain;
import net.jqwik.api.state.Transformer;

/**
 * Random publications, subscriptions, disconnects, changes of transport, evictions and slow readers
 * against a simple model, in one thread: per channel the order, nothing lost, nothing twice, every
 * recovery complete or refused as the model says.
 *
 * <p>{@code -Dtidewire.seed=…} repeats a run, {@code -Dtidewire.tries=…} makes it longer.
 */
class DeliveryModelTest {

  private final ModelBus.Counts total = new ModelBus.Counts();

  private interface Step {
    void take(ModelBus bus, int one, int two, int three);
  }

  @Property(tries = 150, whenFixedSeed = FixedSeedMode.ALLOW)
  @AddLifecycleHook(Seeded.class)
  void everyReaderHearsWhatTheModelSays(@ForAll("stories") ActionChain<ModelBus> story) {
    ModelBus bus = story.run();
    bus.finish();
    total.add(bus.counts);
  }

  @Provide
  Arbitrary<ActionChain<ModelBus>> stories() {
    return ActionChain.startWith(ModelBus::new)
        .withAction(10, step("connect", ModelBus::connect))
        .withAction(10, step("subscribe", ModelBus::subscribe))
        .withAction(14, step("publish", ModelBus::publish))
        .withAction(4, step("publishWithKey", ModelBus::publishWithKey))
        .withAction(6, step("publishByReader", ModelBus::publishByReader))
        .withAction(4, step("publishWithoutEcho", ModelBus::publishWithoutEcho))
        .withAction(3, step("unsubscribe", ModelBus::unsubscribe))
        .withAction(3, step("sync", ModelBus::sync))
        .withAction(4, step("drop", ModelBus::drop))
        .withAction(2, step("noticeAbandoned", ModelBus::noticeAbandoned))
        .withAction(5, step("slow", ModelBus::slow))
        .withAction(5, step("arrive", ModelBus::arrive))
        .withAction(1, step("holdReads", ModelBus::holdReads))
        .withAction(12, step("work", ModelBus::work))
        .withAction(4, step("pass", ModelBus::pass))
        .withMaxTransformations(200);
  }

  private static Action.Independent<ModelBus> step(String name, Step step) {
    Arbitrary<Integer> number = Arbitraries.integers().between(0, 99);
    return () ->
        Combinators.combine(number, number, number)
            .as(
                (one, two, three) ->
                    Transformer.mutate(
                        name + " " + one + " " + two + " " + three,
                        bus -> {
                          step.take(bus, one, two, three);
                          bus.hear();
                        }));
  }

  /** Takes seed and length from the command line, and tells what was shown. */
  static final class Seeded implements AroundPropertyHook {
    @Override
    public PropertyExecutionResult aroundProperty(
        PropertyLifecycleContext context, PropertyExecutor property) {
      String seed = System.getProperty("tidewire.seed");
      if (seed != null) {
        context.attributes().setSeed(seed);
      }
      Integer tries = Integer.getInteger("tidewire.tries");
      if (tries != null) {
        context.attributes().setTries(tries);
      }
      PropertyExecutionResult result = property.execute();
      System.out.printf(
          "Model, seed %s: %d stories, %s%n",
          result.seed().orElse("?"),
          result.countTries(),
          ((DeliveryModelTest) context.testInstance()).total);
      return result;
    }
  }
}
