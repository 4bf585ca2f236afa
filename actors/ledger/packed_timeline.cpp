#include "actors/ledger/packed_timeline.hpp"

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace aerie {
namespace {

/// The oldest go this many at a time: all of them are packed anew then.
constexpr std::size_t portion = 64;
/// A string's usual growth by half would be most of what a short timeline costs.
constexpr std::size_t growth = 128;

/// The kinds that a number stands for. The order does not matter: nothing of this is written down.
constexpr std::array<std::string_view, 28> kinds{
    "session.state",     "session.stage",        "vm.state",
    "vm.replaced",       "child.started",        "child.ready",
    "child.exited",      "child.restarting",     "child.given-up",
    "stream.state",      "viewer.joined",        "viewer.left",
    "control.changed",   "retire.proposed",      "retire.answered",
    "retire.granted",    "retire.escalated",     "deadline.passed",
    "hold.set",          "hold.cleared",         "resource.acquired",
    "resource.released", "resource.quarantined", "tombstone.written",
    "login.state",       "doctor.failed",        "doctor.recovered",
    "node.joined"};

Json packed_kind(const std::string& kind) {
  const auto* found = std::find(kinds.begin(), kinds.end(), kind);
  return found == kinds.end() ? Json(kind) : Json(found - kinds.begin());
}

std::string unpacked_kind(const Json& kind) {
  return kind.is_string() ? kind.get<std::string>()
                          : std::string{kinds.at(kind.get<std::size_t>())};
}

Instant instant(std::int64_t at_ms) {
  return Instant{Duration{at_ms}};
}

}  // namespace

void PackedTimeline::add(const Event& event) {
  if (count_ == max_events + portion) drop_oldest();
  append(event);
}

void PackedTimeline::append(const Event& event) {
  const auto at_ms = event.at.time_since_epoch().count();
  const auto bytes = Json::to_cbor(
      Json::array({at_ms - at_ms_, packed_kind(event.kind),
                   event.vm == vm_ ? Json(nullptr) : Json(event.vm), event.child, event.data}));
  if (packed_.size() + bytes.size() > packed_.capacity())
    packed_.reserve(packed_.size() + std::max(bytes.size(), growth));
  packed_.append(bytes.begin(), bytes.end());
  at_ms_ = at_ms;
  vm_ = event.vm;
  ++count_;
}

Timeline PackedTimeline::unpack(const std::string& session) const {
  Timeline events;
  std::int64_t at_ms = 0;
  std::string vm;
  std::istringstream rest{packed_};
  for (std::uint32_t i = 0; i < count_; ++i) {
    const auto entry = Json::from_cbor(rest, false);
    at_ms += entry.at(0).get<std::int64_t>();
    if (!entry.at(2).is_null()) entry.at(2).get_to(vm);
    events.push_back(
        std::make_shared<const Event>(Event{0, instant(at_ms), unpacked_kind(entry.at(1)), session,
                                            vm, entry.at(3).get<std::string>(), entry.at(4)}));
  }
  return events;
}

void PackedTimeline::drop_oldest() {
  const auto all = unpack({});
  *this = PackedTimeline{};
  std::for_each(all.begin() + portion, all.end(), [this](const auto& event) { append(*event); });
}

}  // namespace aerie
