#pragma once

#include <functional>

#include "actors/ports/store.hpp"
#include "runtime/store/sqlite.hpp"

namespace aerie {

/// The first event from which on every one is still there.
[[nodiscard]] Result<std::uint64_t> read_oldest_event(Database& database);

/// Reads everything the ledger starts from; of the events the newest `most_events`, and those of
/// sessions that have no complete tombstone. A row that can't be read is `store-failed`.
[[nodiscard]] Result<StoreContents> read_contents(Database& database, std::size_t most_events);

/// A page of events.
[[nodiscard]] Result<std::vector<EventPtr>> read_events(Database& database,
                                                        const EventQuery& query);

/// Every event of a session up to number `last`, oldest first, one after the other; `take` may
/// return a failure to end with.
[[nodiscard]] Result<void> each_event(Database& database, const std::string& session,
                                      std::uint64_t last,
                                      const std::function<Result<void>(const EventPtr&)>& take);

/// What is remembered under a subject; null: nothing.
[[nodiscard]] Result<Json> read_memory(Database& database, const std::string& subject);

}  // namespace aerie
