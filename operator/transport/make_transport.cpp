// SPDX-License-Identifier: Apache-2.0
#include "transport/beast_calls.h"
#include "transport/beast_stream.h"
#include "transport/cpprest_calls.h"
#include "transport/tls_files.h"

namespace bso::transport {
namespace {

using Clock = std::chrono::steady_clock;

Result<std::unique_ptr<Calls>> make_calls(CallsContext context) {
#ifdef BSO_CALLS_BEAST
  return make_beast_calls(std::move(context));
#else
  return make_cpprest_calls(std::move(context));
#endif
}

/// What requests are sent with until the TLS material changes. The last request of a generation
/// takes its idle connections along.
struct Generation {
  CallsContext context;
  std::unique_ptr<Calls> calls;
};
using GenerationPtr = std::shared_ptr<const Generation>;

Result<GenerationPtr> make_generation(Executor executor, std::shared_ptr<Stop> stop,
                                      TransportOptions options) {
  auto peer = make_peer(std::move(options));
  if (!peer) return fail(std::move(peer.error()));
  CallsContext context{std::move(executor), std::move(*peer), std::move(stop)};
  auto calls = make_calls(context);
  if (!calls) return fail(std::move(calls.error()));
  return std::make_shared<const Generation>(Generation{std::move(context), std::move(*calls)});
}

/// Requests under way hold this, not the Transport.
struct State {
  Executor executor;
  TransportOptions options;
  std::shared_ptr<Stop> stop;
  TlsFiles files;
  GenerationPtr generation;
};

/// What one attempt is made with.
struct Session {
  Credentials credentials;
  GenerationPtr generation;

  bool operator==(const Session&) const = default;
};

/// The present generation, or a new one when the TLS material is no longer what it was made from.
Result<GenerationPtr> generation_for(State& state, const Credentials& credentials) {
  auto endpoint = state.files.endpoint();
  if (!credentials.client_cert_pem.empty()) {
    endpoint.client_cert_pem = credentials.client_cert_pem;
    endpoint.client_key_pem = credentials.client_key_pem;
  }
  const auto& used = state.generation->context.peer->options.endpoint;
  if (endpoint.ca_pem == used.ca_pem && endpoint.client_cert_pem == used.client_cert_pem &&
      endpoint.client_key_pem == used.client_key_pem) {
    return state.generation;
  }
  auto options = state.options;
  options.endpoint = std::move(endpoint);
  auto made = make_generation(state.executor, state.stop, std::move(options));
  if (made) state.generation = *made;
  return made;
}

Task<Result<Session>> authenticate(std::shared_ptr<State> state, Clock::time_point deadline) {
  Session session;
  if (state->options.authorize) {
    auto found = co_await state->options.authorize->credentials(deadline);
    if (!found) co_return fail(std::move(found.error()));
    session.credentials = std::move(*found);
  }
  auto generation = generation_for(*state, session.credentials);
  if (!generation) co_return fail(std::move(generation.error()));
  session.generation = std::move(*generation);
  co_return std::move(session);
}

/// Whether the server refused to look at the request, so that it may be sent once more if there is
/// something else to send it with.
template <class Answer>
bool refused(const Result<Answer>& answer, int status) {
  if (answer) return status == 401;
  return answer.error().kind == ErrorKind::tls && !answer.error().may_have_executed;
}

int status_of(const Response& response) { return response.status; }
int status_of(const std::unique_ptr<BodyStream>& stream) { return stream->status(); }

std::chrono::milliseconds time_until(Clock::time_point deadline) {
  return std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
}

template <class Answer>
using Send = Task<Result<Answer>> (*)(Session, Request);

template <class Answer>
Task<Result<Answer>> exchange(std::shared_ptr<State> state, Request request, Send<Answer> send) {
  const auto deadline = Clock::now() + request.timeout;
  state->files.refresh(false);
  auto session = co_await authenticate(state, deadline);
  if (!session) co_return fail(std::move(session.error()));
  request.timeout = time_until(deadline);  // a plug-in has taken its share
  auto answer = co_await send(*session, request);
  if (!refused(answer, answer ? status_of(*answer) : 0)) co_return std::move(answer);

  if (answer) {
    if (!state->options.authorize) co_return std::move(answer);
    state->options.authorize->rejected(session->credentials);
  } else {
    state->files.refresh(true);
  }
  // When there are no fresh credentials, the server's refusal says more than their absence.
  auto fresh = co_await authenticate(state, deadline);
  if (!fresh || *fresh == *session) co_return std::move(answer);
  request.timeout = time_until(deadline);
  if (request.timeout <= std::chrono::milliseconds{0}) co_return std::move(answer);
  auto second = co_await send(std::move(*fresh), std::move(request));
  co_return std::move(second);
}

Task<Result<Response>> send_call(Session session, Request request) {
  auto answer = co_await session.generation->calls->call(std::move(request),
                                                         std::move(session.credentials.headers));
  co_return std::move(answer);
}

Task<Result<std::unique_ptr<BodyStream>>> send_open(Session session, Request request) {
  const auto& context = session.generation->context;
  auto answer = co_await open_stream(context.executor, context.peer, context.stop,
                                     std::move(request), std::move(session.credentials.headers));
  co_return std::move(answer);
}

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(std::shared_ptr<State> state) : state_(std::move(state)) {}
  ~HttpTransport() override { state_->stop->request(); }
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  Task<Result<Response>> call(Request request) override {
    return exchange<Response>(state_, std::move(request), send_call);
  }
  Task<Result<std::unique_ptr<BodyStream>>> open(Request request) override {
    return exchange<std::unique_ptr<BodyStream>>(state_, std::move(request), send_open);
  }

 private:
  std::shared_ptr<State> state_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_transport(Executor executor, TransportOptions options) {
  const auto stop = std::make_shared<Stop>();
  auto generation = make_generation(executor, stop, options);
  if (!generation) return fail(std::move(generation.error()));
  TlsFiles files(options.endpoint, options.clock);
  auto state = std::make_shared<State>(State{std::move(executor), std::move(options), stop,
                                             std::move(files), std::move(*generation)});
  return std::make_unique<HttpTransport>(std::move(state));
}

}  // namespace bso::transport
