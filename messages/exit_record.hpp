#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie {

/// How one run of a child ended: an item of `exits` in the contract's section 7, and the data of
/// the event `child.exited`.
struct ExitRecord {
  std::string child;
  std::optional<std::int64_t> pid;  ///< absent if it never ran; see `runtime/process/host_pid.hpp`
  CauseKind kind = CauseKind::clean;
  std::string message;
  std::optional<int> code;                ///< exit status, 0 to 255
  std::optional<std::string> signal;      ///< a name, `SIGSEGV`
  std::optional<std::string> errno_name;  ///< why exec failed, `ENOENT`; `errno` in JSON
  std::optional<std::string> by;          ///< who asked, when kind is `killed`
  std::int64_t uptime_ms = 0;
  std::int64_t restarts = 0;  ///< restarts of this child before this end
  Instant at{};
  std::vector<std::string> tail;  ///< the last lines of both its streams, oldest first
  std::optional<std::string> remedy;

  friend bool operator==(const ExitRecord&, const ExitRecord&) = default;
};

/// Absent optional fields are left out.
void to_json(Json& json, const ExitRecord& record);

/// Reads what `to_json` writes. Throws `Json::exception` for a missing field, a wrong type, an
/// unknown kind or a malformed instant; records from a guest go through `parse_exit_record`.
void from_json(const Json& json, ExitRecord& record);

/// Reads a record that an untrusted peer sent: `link_violation` naming the field if it is
/// malformed; texts are cut to 4 KiB, the tail to its last 50 lines.
[[nodiscard]] Result<ExitRecord> parse_exit_record(const Json& json);

/// The record as a cause: its tail becomes the evidence.
[[nodiscard]] Cause cause_of(const ExitRecord& record);

}  // namespace aerie
