#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "messages/cause.hpp"
#include "runtime/gateway/http_message.hpp"

namespace aerie {

/// What a field of a request may hold.
enum class FieldType {
  text,         ///< `least` to `most` printable characters (code points)
  name,         ///< of a profile, hold or label: `^[a-z0-9][a-z0-9._-]{0,63}$`
  url,          ///< http, https, about or data, at most `most` bytes, as browsers parse it
  integer,      ///< `least` to `most`
  boolean,      ///< in a query: `true`, `false`, `1`, `0`
  choice,       ///< one of `choices`
  id,           ///< a lower-case UUID
  labels,       ///< an object of at most `most` names with text of up to 256 characters
  environment,  ///< an object of at most `most` variables, each up to 8 KiB
  object,       ///< of `fields`
};

/// One field of a body or a query. The tables of these check requests, and describe them in
/// openapi.json: neither can say anything the other does not.
struct Field {
  std::string_view name;
  FieldType type = FieldType::text;
  std::string_view description;
  bool required = false;
  std::int64_t least = 0;
  std::int64_t most = 0;
  std::vector<std::string_view> choices;
  std::vector<Field> fields;
};

using FieldTable = std::vector<Field>;

/// A field that was refused, named as the client wrote it: `display.width`, `labels.Foo`.
struct FieldFault {
  std::string code;  ///< `missing-field`, `unknown-field`, `bad-field`
  std::string field;
  std::string message;
};

using FieldCheck = tl::expected<void, FieldFault>;

/// Checks an object: unknown fields first, then each field of the table in its order.
[[nodiscard]] FieldCheck check_body(const Json& body, const FieldTable& table);

/// Checks a query, whose values are text. `label.K=V` fields belong to one of type `labels`.
/// A name that comes twice is refused, but for labels of different names.
[[nodiscard]] FieldCheck check_query(const Pairs& query, const FieldTable& table);

/// JSON Schema of an object with these fields.
[[nodiscard]] Json schema_of(const FieldTable& table);
[[nodiscard]] Json schema_of(const Field& field);

/// True for text without control characters, whose length is within the bounds in code points.
[[nodiscard]] bool is_printable(std::string_view text, std::size_t least, std::size_t most);

/// What a browser makes of an address before it reads it: without tabs and line breaks, and without
/// control characters and spaces around it (WHATWG URL, 4.4).
[[nodiscard]] std::string trimmed_url(std::string_view url);

/// Empty where `url`, already trimmed, is one that a session may open; else why not.
[[nodiscard]] std::string refuse_url(std::string_view url);

}  // namespace aerie
