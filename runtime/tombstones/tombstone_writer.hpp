#pragma once

#include "actors/ports/tombstone_store.hpp"
#include "runtime/store/sqlite.hpp"
#include "runtime/tombstones/folder.hpp"
#include "runtime/tombstones/redaction.hpp"

namespace aerie {

/// Writes one tombstone. All of it is made and synced in a folder beside, which then takes the
/// place of the one before; what is no longer to be had elsewhere is taken over from that one.
class TombstoneWriter {
 public:
  /// `configuration`: as `aerie config --effective` shows it.
  TombstoneWriter(const Folder& state, Database& database, const Json& configuration,
                  const TombstoneOrder& order);

  /// The tombstone's bytes. Errors: `disk-full`, `store-failed`; then the one before stands.
  [[nodiscard]] Result<std::int64_t> write();

 private:
  Result<void> fill(const Folder& fresh);
  Result<void> read_request();
  Result<void> write_events(const Folder& fresh);
  Result<void> write_consoles(const Folder& fresh);
  Result<void> write_console(const Folder& fresh, const std::string& vm, const std::string& name);
  Result<void> write_logs(const Folder& fresh);
  Result<void> write_configuration(const Folder& fresh);
  Result<void> write_why(const Folder& fresh);
  Result<void> copy(int from, const Folder& to, const std::string& name);
  /// From the tombstone before, where it is there and the new one has nothing by that name.
  Result<void> take_over(const Folder& fresh, const std::string& name,
                         const std::string& fresh_name);

  const Folder& state_;
  Database& database_;
  const Json& configuration_;
  const TombstoneOrder& order_;
  std::string id_;
  std::optional<Folder> before_;
  std::string last_vm_before_;  ///< whose console is the `console.log` of the tombstone before
  Json request_;                ///< how the session was asked for; null: no longer known
  Redaction redaction_;
};

}  // namespace aerie
