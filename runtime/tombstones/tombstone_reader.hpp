#pragma once

#include <optional>
#include <string>

#include "actors/ports/tombstone_store.hpp"
#include "runtime/tombstones/folder.hpp"

namespace aerie {

/// What a tombstone says to a question; null where it does not know, or can't be read.
[[nodiscard]] Json read_why(const Folder& state, const TombstoneQuestion& question);

inline constexpr std::size_t max_console_size = 64UL * 1024 * 1024;  ///< bytes read of one

/// A guest's serial console.
struct ConsoleQuery {
  std::string vm;
  SessionDocumentPtr session;       ///< whose guest it is or was; null: nobody's
  std::optional<std::size_t> tail;  ///< lines; none: all that is kept
};

/// Its text, of a guest that runs or from the tombstone of its session; none: it has none.
[[nodiscard]] std::optional<std::string> read_console(const Folder& state,
                                                      const ConsoleQuery& query);

/// Of a console or a log: its last lines.
[[nodiscard]] std::string last_lines(const std::string& text, std::size_t count);

/// What a tombstone has in place of a console where the driver gives none.
[[nodiscard]] std::string no_console_text(const std::string& driver);

}  // namespace aerie
