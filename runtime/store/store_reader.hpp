#pragma once

#include "actors/ports/store.hpp"
#include "runtime/store/sqlite.hpp"

namespace aerie {

/// Reads everything the ledger starts from. A row that can't be read is `store-failed`.
[[nodiscard]] Result<StoreContents> read_contents(Database& database, std::size_t most_events);

}  // namespace aerie
