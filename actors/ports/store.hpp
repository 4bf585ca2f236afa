#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "messages/interfaces.hpp"

namespace aerie {

struct WriteSession {
  SessionDocumentPtr document;
};
struct WriteResource {
  Resource resource;
  Instant acquired_at{};
};
struct StrikeResource {
  std::string id;
  Instant released_at{};
};
struct WriteEvent {
  EventPtr event;
};
struct WriteToken {
  SaveToken token;
};
struct WriteMemory {
  Remember memory;
};

using StoreWrite =
    std::variant<WriteSession, WriteResource, StrikeResource, WriteEvent, WriteToken, WriteMemory>;

/// One transaction: all of it or nothing.
struct StoreBatch {
  std::uint64_t number = 0;
  std::vector<StoreWrite> writes;
};

/// What the store held when it was opened.
struct StoreContents {
  std::vector<SessionDocumentPtr> sessions;  ///< oldest first
  std::vector<SaveToken> tokens;
  std::vector<Resource> resources;  ///< those never released
  std::vector<EventPtr> events;     ///< the newest, oldest of them first
  std::uint64_t last_seq = 0;
  std::map<std::string, Json> memories;  ///< what actors remembered, by subject
};

/// Where the ledger writes. `submit` returns at once; `done` is called on the store's thread, once
/// a batch, in the order of submission, after the batch is durable or has failed (`store-failed`,
/// `disk-full`).
class Store {
 public:
  using Done = std::function<void(std::uint64_t batch, std::optional<Cause> failure)>;

  virtual ~Store() = default;
  virtual void submit(StoreBatch batch, Done done) = 0;
};

}  // namespace aerie
