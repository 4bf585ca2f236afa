#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie {

/// Something that happened: contract, section 5. The ledger gives it its number.
struct Event {
  std::uint64_t seq = 0;
  Instant at{};
  std::string kind;     ///< `session.state`, `child.exited`, …
  std::string session;  ///< empty where it concerns none; likewise below
  std::string vm;
  std::string child;
  Json data = Json::object();
};

/// Events are shared by all who read them.
using EventPtr = std::shared_ptr<const Event>;

void to_json(Json& json, const Event& event);

}  // namespace aerie
