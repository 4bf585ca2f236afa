#pragma once

#include "runtime/store/sqlite.hpp"

namespace aerie {

/// Brings a database to the schema of this version, in one transaction. One that a newer version
/// has written is refused with `store-failed`.
[[nodiscard]] Result<void> prepare_schema(Database& database);

}  // namespace aerie
