// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "cluster/decode.h"
#include "cluster/decode_meta.h"

namespace bso::cluster {

namespace {

using wire::Message;

/// core/v1 ObjectReference.
void read_regarding(std::string_view raw, EventHint& hint) {
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1:
        hint.kind = Symbol{message.bytes()};
        break;
      case 2:
        hint.ns = Symbol{message.bytes()};
        break;
      case 3:
        hint.pod = message.bytes();
        break;
      case 4:
        hint.pod_uid = message.bytes();
        break;
      default:
        message.skip();
    }
  }
}

struct NamedHint : EventHint {
  std::string_view name;
};

void read_event(std::string_view raw, NamedHint& hint) {
  Symbol reporting_component;
  const auto note_time = [&hint](std::string_view time) {
    // Events of events.k8s.io leave lastTimestamp unset, those of core/v1 leave eventTime unset:
    // the newest of all of them is when it was last seen.
    hint.last = std::max(hint.last, wire::read_time(time));
  };
  for (Message message{raw}; message.next();) {
    switch (message.field()) {
      case 1: {
        const auto meta = wire::read_meta(message.bytes());
        hint.name = meta.name;
        hint.uid = meta.uid;
        hint.last = std::max(hint.last, meta.created);
        break;
      }
      case 2:
        read_regarding(message.bytes(), hint);
        break;
      case 3:
        hint.reason = Symbol{message.bytes()};
        break;
      case 4:
        hint.message = message.bytes().substr(0, kMaxEventMessage);
        break;
      case 5: {  // source
        const auto source = message.bytes();
        hint.component = Symbol{wire::text_field(source, 1)};
        hint.host = Symbol{wire::text_field(source, 2)};
        break;
      }
      case 6:   // firstTimestamp
      case 7:   // lastTimestamp
      case 10:  // eventTime
        note_time(message.bytes());
        break;
      case 11:
        note_time(wire::text_field(message.bytes(), 2));
        break;  // series.lastObservedTime
      case 14:
        reporting_component = Symbol{message.bytes()};
        break;
      default:
        message.skip();
    }
  }
  if (hint.component.empty()) hint.component = reporting_component;
}

}  // namespace

Result<EventHint> decode_event(std::string_view raw) {
  auto named = wire::decode<NamedHint>("Event", raw, read_event);
  if (!named) return fail(std::move(named.error()));
  return EventHint{std::move(*named)};
}

}  // namespace bso::cluster
