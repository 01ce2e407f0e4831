// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/log.h"
#include "codec/json.h"
#include "codec/kube_protobuf.h"
#include "kube/reflector.h"
#include "kube/resource_version.h"
#include "kube/status_error.h"

namespace bso::kube {
namespace {

constexpr std::chrono::seconds kListIdle{75};  // the server's own limit for a LIST is 60 s

}  // namespace

/// What one page of a LIST tells besides its items.
struct Reflector::Page {
  std::string kind;
  std::string resource_version;
  std::string continue_token;
};

std::string Reflector::list_target(const watch_state::List& state, const std::string& token) const {
  Query query;
  query.add("labelSelector", options_.label_selector).add("fieldSelector", options_.field_selector);
  if (token.empty()) {
    query.add("resourceVersion", state.resource_version);
    if (!state.resource_version.empty() && state.resource_version != "0") {
      query.add("resourceVersionMatch", "NotOlderThan");
    }
  } else {
    query.add("continue", token);  // goes with no resourceVersion: the token holds it
  }
  if (state.paged) query.add("limit", "500");
  return collection_path(options_.resource, options_.ns) + query.text();
}

Task<WatchOutcome> Reflector::list(watch_state::List state, Stop& stop) {
  ++stats_.lists;
  sink_.begin_list();
  auto outcome = co_await collect(state, stop);
  if (const auto* listed = std::get_if<watch_outcome::Listed>(&outcome)) {
    co_await apply_list(listed->resource_version);
  } else {
    sink_.abort_list();
  }
  co_return outcome;
}

/// Reads all pages into the sink's collection. What is held is not touched.
Task<WatchOutcome> Reflector::collect(watch_state::List state, Stop& stop) {
  std::string resource_version;
  std::string token;
  bool in_pages = false;
  do {
    auto page = co_await list_page(list_target(state, token), stop);
    if (!page) co_return watch_outcome::ListFailed{std::move(page.error()), !token.empty()};
    // All pages are one snapshot, named by the first.
    if (resource_version.empty()) resource_version = page->resource_version;
    if (!page->continue_token.empty() && page->continue_token == token) {
      co_return watch_outcome::ListFailed{
          protocol_error("a LIST whose next page is the same again"), true};
    }
    token = std::move(page->continue_token);
    in_pages = in_pages || !token.empty();
  } while (!token.empty());
  if (resource_version.empty()) {
    co_return watch_outcome::ListFailed{
        protocol_error("a LIST answer without resourceVersion: not a Kubernetes API server?"),
        false};
  }
  auto checked = check_age(state.resource_version, resource_version);
  if (!checked) co_return watch_outcome::ListOutdated{std::move(checked.error())};
  co_return watch_outcome::Listed{std::move(resource_version), in_pages};
}

/// A list that is older than what was seen is refused, unless a quorum read ("" asked for) has it
/// so.
Result<void> Reflector::check_age(const std::string& asked, const std::string& got) const {
  if (!is_older(got, memory_.last_seen)) return {};
  if (!asked.empty()) {
    return fail(protocol_error(
        fmt::format("the server listed version {} although {} has been seen: asking etcd", got,
                    memory_.last_seen)));
  }
  log::error(
      "the server's data has gone back in time (was etcd restored from a backup?); what it holds "
      "now is taken for true",
      {{"watch", options_.name}, {"seen", memory_.last_seen}, {"now", got}});
  return {};
}

/// Puts what was collected in the place of what is held.
Task<void> Reflector::apply_list(std::string resource_version) {
  while (!sink_.end_list()) {
    if (share_.used_up()) co_await share_.give_way();
  }
  memory_.last_seen = std::move(resource_version);
  heard();
  if (!synced_) {
    synced_ = true;
    if (on_synced_) on_synced_();
  }
}

Task<Result<Reflector::Page>> Reflector::list_page(std::string target, Stop& stop) {
  auto opened = co_await open(std::move(target), false);
  if (!opened) co_return fail(std::move(opened.error()));
  auto& stream = **opened;
  const Stop::Registration registration(stop, [&stream] { stream.close(); });
  Result<Page> page;
  if (options_.resource.protobuf) {
    page = co_await read_protobuf_page(stream);
  } else {
    page = co_await read_json_page(stream);
  }
  if (!page) co_return fail(std::move(page.error()));
  // A Table, or the list of another kind, would look like an empty list of ours.
  if (page->kind != fmt::format("{}List", answered_kind())) {
    co_return fail(protocol_error(fmt::format("a LIST answer of kind \"{}\" where {}List is due",
                                              page->kind.substr(0, 80), answered_kind())));
  }
  co_return page;
}

/// An item could not be taken: what is held under its name stands.
void Reflector::unlisted(const std::string& ns, const std::string& name, const Error& error) {
  sink_.list_unreadable(ns, name);
  skip("a listed object", ns, name, error);
}

/// Reads a page to its end. `take` has to outlive the reading.
Task<Result<void>> Reflector::read_page(transport::BodyStream& stream, const Take& take) {
  std::vector<char> chunk(kReadBytes);
  while (true) {
    auto got = co_await stream.read(chunk, kListIdle);
    if (!got) co_return fail(std::move(got.error()));
    if (*got == 0) co_return Result<void>();
    heard();
    auto taken = take(std::string_view(chunk.data(), *got));
    if (!taken) co_return taken;
    if (share_.used_up()) co_await share_.give_way();
  }
}

Task<Result<Reflector::Page>> Reflector::read_protobuf_page(transport::BodyStream& stream) {
  codec::Oversize oversize;
  oversize.on_skipped = [this](std::size_t size, std::string_view start) {
    const auto key = codec::peek_object_key(start);
    unlisted(std::string(key.ns), std::string(key.name),
             protocol_error(fmt::format("it has {} bytes, beyond the limit of {}", size,
                                        options_.max_object_bytes)));
  };
  codec::ProtobufListReader reader(
      [this](std::string_view item) -> Result<void> {
        ++stats_.listed_items;
        const auto taken = sink_.list_item(item);
        if (taken) return {};
        const auto key = codec::peek_object_key(item);
        unlisted(std::string(key.ns), std::string(key.name), taken.error());
        return {};
      },
      options_.max_object_bytes, std::move(oversize));
  const Take feed = [&reader](std::string_view bytes) { return reader.feed(bytes); };
  auto read = co_await read_page(stream, feed);
  if (!read) co_return fail(std::move(read.error()));
  auto finished = reader.finish();
  if (!finished) co_return fail(std::move(finished.error()));
  co_return Page{reader.kind(), reader.resource_version(), reader.continue_token()};
}

/// JSON lists are of custom resources and of the operator's own few objects: they are read whole.
Task<Result<Reflector::Page>> Reflector::read_json_page(transport::BodyStream& stream) {
  std::string text;
  const Take append = [&text](std::string_view bytes) -> Result<void> {
    text.append(bytes);
    if (text.size() <= transport::max_response_bytes) return {};
    return fail(protocol_error("a JSON LIST beyond 64 MiB"));
  };
  auto read = co_await read_page(stream, append);
  if (!read) co_return fail(std::move(read.error()));
  auto document = codec::parse_json(text);
  if (!document) {
    auto error = std::move(document.error()).with_context("a LIST answer");
    error.kind = ErrorKind::protocol;
    co_return fail(std::move(error));
  }
  const auto* items = codec::find(*document, {"items"});
  if (items == nullptr || !(items->is_array() || items->is_null())) {
    co_return fail(protocol_error("a LIST answer without items"));
  }
  for (const auto& item : *items) {
    ++stats_.listed_items;
    const auto taken = sink_.list_item(codec::dump_json(item));
    if (!taken) {
      unlisted(codec::string_at(item, {"metadata", "namespace"}),
               codec::string_at(item, {"metadata", "name"}), taken.error());
    }
    if (share_.used_up()) co_await share_.give_way();
  }
  co_return Page{codec::string_at(*document, {"kind"}),
                 codec::string_at(*document, {"metadata", "resourceVersion"}),
                 codec::string_at(*document, {"metadata", "continue"})};
}

}  // namespace bso::kube
