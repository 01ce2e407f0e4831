// SPDX-License-Identifier: Apache-2.0
#include "transport/beast_calls.h"

#include <algorithm>
#include <vector>

#include "transport/beast_stream.h"

namespace bso::transport {
namespace {

constexpr std::size_t kChunkBytes = 64U << 10U;

Task<Result<Response>> call_by_stream(CallsContext context, Request request,
                                      std::vector<Header> credentials) {
  using std::chrono::milliseconds;
  using std::chrono::steady_clock;
  const auto deadline = steady_clock::now() + request.timeout;
  auto opened = co_await open_stream(context.executor, context.peer, context.stop,
                                     std::move(request), std::move(credentials));
  if (!opened) co_return fail(std::move(opened.error()));
  auto& stream = **opened;
  const Stop::Registration registration(*context.stop, [&stream] { stream.close(); });

  Response response;
  response.status = stream.status();
  response.content_type = stream.content_type();
  response.retry_after = stream.retry_after();
  std::vector<char> chunk(kChunkBytes);
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    auto got = co_await stream.read(chunk, std::max(left, milliseconds{0}));
    if (!got) co_return fail(std::move(got.error()));
    if (*got == 0) break;
    if (response.body.size() + *got > context.peer->response_limit) {
      co_return fail(too_large(*context.peer));
    }
    response.body.append(chunk.data(), *got);
  }
  co_return response;
}

class BeastCalls final : public Calls {
 public:
  explicit BeastCalls(CallsContext context) : context_(std::move(context)) {}
  Task<Result<Response>> call(Request request, std::vector<Header> credentials) override {
    return call_by_stream(context_, std::move(request), std::move(credentials));
  }

 private:
  CallsContext context_;
};

}  // namespace

std::unique_ptr<Calls> make_beast_calls(CallsContext context) {
  return std::make_unique<BeastCalls>(std::move(context));
}

}  // namespace bso::transport
