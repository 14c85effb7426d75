package dev.tidewire.jakarta;

import dev.tidewire.RealtimeException;
import dev.tidewire.Rejection;
import dev.tidewire.protocol.ErrorCode;
import dev.tidewire.protocol.Reply;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers a request when its reply is there, without a thread waiting for it. Immutable, safe for
 * any thread.
 */
final class AsyncReplies {

  private static final Logger log = LoggerFactory.getLogger(AsyncReplies.class);
  private static final long TIMEOUT_MS = 30_000;

  private final HttpAnswers answers;

  AsyncReplies(HttpAnswers answers) {
    this.answers = answers;
  }

  /** What is written when it is there. */
  @FunctionalInterface
  private interface Answer {
    void writeTo(HttpServletResponse response) throws IOException;
  }

  void answer(
      CompletionStage<Reply> reply, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    answerWith(reply.thenApply(one -> (Answer) to -> answers.write(one, to)), request, response);
  }

  /** The same for frames, which become a JSON array. */
  void answerFrames(
      CompletionStage<List<String>> frames,
      HttpServletRequest request,
      HttpServletResponse response)
      throws IOException {
    answerWith(
        frames.thenApply(all -> (Answer) to -> answers.writeFrames(all, to)), request, response);
  }

  /**
   * The same for JSON that is written as it is. The stage may fail: with a {@link Rejection}, which
   * is told, or with anything else, which is logged.
   */
  void answerJson(
      CompletionStage<String> json, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    answerWith(
        json.handle(
            (text, failure) ->
                failure == null
                    ? (Answer) to -> answers.writeJson(text, to)
                    : (Answer) to -> answers.problem(refusal(failure), to)),
        request,
        response);
  }

  private static Reply.Failure refusal(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof Rejection rejection) {
      return rejection.toReply();
    }
    return logged("An answer could not be found", cause);
  }

  /** What a client is told of a failure that is in the log, under a number that both have. */
  static Reply.Failure logged(String what, Throwable cause) {
    String correlation = Integer.toHexString(ThreadLocalRandom.current().nextInt());
    log.atError()
        .addKeyValue("correlation", correlation)
        .setCause(cause)
        .log("{} [{}]", what, correlation);
    return Reply.Failure.of(
        cause instanceof RealtimeException ? ErrorCode.UNAVAILABLE : ErrorCode.INTERNAL,
        "the server failed; its log has the cause under " + correlation);
  }

  private void answerWith(
      CompletionStage<Answer> stage, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    CompletableFuture<Answer> answer = stage.toCompletableFuture();
    if (answer.isDone()) {
      answer.join().writeTo(response);
    } else if (request.isAsyncSupported()) {
      later(answer, request, response);
    } else { // a filter of the application does not allow asynchronous requests
      await(answer).writeTo(response);
    }
  }

  private void later(
      CompletableFuture<Answer> reply, HttpServletRequest request, HttpServletResponse response) {
    AsyncContext async = request.startAsync();
    async.setTimeout(TIMEOUT_MS);
    AtomicBoolean answered = new AtomicBoolean();
    async.addListener(
        new AsyncListener() {
          @Override
          public void onTimeout(AsyncEvent event) {
            if (answered.compareAndSet(false, true)) {
              finish(async, tooLate(), response);
            }
          }

          @Override
          public void onError(AsyncEvent event) {
            if (answered.compareAndSet(false, true)) {
              async.complete();
            }
          }

          @Override
          public void onComplete(AsyncEvent event) {}

          @Override
          public void onStartAsync(AsyncEvent event) {}
        });
    @SuppressWarnings("unused") // the answer is the end of it
    var answering =
        reply.thenAccept(
            answer -> {
              if (answered.compareAndSet(false, true)) {
                // On a thread of the container: the client may read slowly, and ours must not wait.
                async.start(() -> finish(async, answer, response));
              }
            });
  }

  private void finish(AsyncContext async, Answer answer, HttpServletResponse response) {
    try {
      answer.writeTo(response);
    } catch (IOException | RuntimeException e) {
      log.debug("An answer was not taken: {}", e.toString());
    } finally {
      async.complete();
    }
  }

  private Answer await(CompletableFuture<Answer> reply) {
    try {
      return reply.get(TIMEOUT_MS, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      return tooLate();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return tooLate();
    }
  }

  private Answer tooLate() {
    Reply.Failure failure =
        Reply.Failure.of(
            ErrorCode.UNAVAILABLE, "no answer in time; whether it was carried out is not known");
    return to -> answers.problem(failure, to);
  }
}
