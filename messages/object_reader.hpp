#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/cause.hpp"
#include "messages/field_error.hpp"
#include "messages/time.hpp"

namespace aerie {

/// Reads a JSON object that a person wrote, field by field. Absent fields leave their target as it
/// is; the first wrong field is kept and the rest goes on, so a reader needs one check at its end.
/// Fields that were never asked for are unknown: `finish` reports them before anything else.
class ObjectReader {
 public:
  /// `path` is the object's own path, empty for the document; `error` outlives the reader.
  ObjectReader(const Json& json, std::string path, std::optional<FieldError>& error);

  [[nodiscard]] bool has(std::string_view key);
  /// Reports `key` when it is missing.
  bool require(std::string_view key);
  /// The value, or null when it is absent; marks the key as known.
  const Json* get(std::string_view key);

  void integer(std::string_view key, int& target, std::int64_t least, std::int64_t most);
  void boolean(std::string_view key, bool& target);
  /// Integer milliseconds.
  void duration(std::string_view key, Duration& target, Duration least, Duration most);
  /// At most `most` bytes, no NUL.
  void string(std::string_view key, std::string& target, std::size_t most);
  void strings(std::string_view key, std::vector<std::string>& target, std::size_t most_items,
               std::size_t most_bytes);
  void string_map(std::string_view key, std::map<std::string, std::string>& target,
                  std::size_t most_items, std::size_t most_bytes);

  /// One of the names in `table`.
  template <class Enum, class Table>
  void choice(std::string_view key, Enum& target, const Table& table) {
    const auto* value = get(key);
    if (value == nullptr) return;
    std::vector<std::string> names;
    for (const auto& [name, entry] : table) {
      if (value->is_string() && value->template get_ref<const std::string&>() == name) {
        target = entry;
        return;
      }
      names.emplace_back(name);
    }
    fail_choice(key, *value, names);
  }

  /// Reads a nested object with `read(ObjectReader&)`; absent: not called.
  template <class Read>
  void object(std::string_view key, Read read) {
    const auto* value = get(key);
    if (value == nullptr) return;
    ObjectReader nested(*value, path_of(key), error_);
    read(nested);
    nested.finish();
  }

  /// Reports what is wrong with `key` (empty: the object itself), if nothing was before.
  void fail(std::string_view key, std::string message);
  /// Reports the first key that nobody asked for.
  void finish();

  [[nodiscard]] std::string path_of(std::string_view key) const;

 private:
  void fail_choice(std::string_view key, const Json& value, const std::vector<std::string>& names);
  bool check_text(const std::string& path, const Json& value, std::size_t most);
  void fail_at(std::string path, std::string message);

  const Json& json_;
  std::string path_;
  std::optional<FieldError>& error_;
  std::vector<std::string> known_;
};

/// `a string`, `an integer`, … for messages about wrong types.
[[nodiscard]] std::string_view type_name(const Json& value);

/// Parses a document a person wrote: not JSON, a key twice in one object, nesting deeper than 32
/// and more than `max_bytes` are refused; the message names line and column, the field the key.
[[nodiscard]] Checked<Json> parse_document(std::string_view text,
                                           std::size_t max_bytes = 1024 * 1024);

}  // namespace aerie
