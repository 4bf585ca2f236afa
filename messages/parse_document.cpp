#include <algorithm>

#include "messages/object_reader.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_depth = 32;

std::string position(std::string_view text, std::size_t byte) {
  const auto before = text.substr(0, std::min(byte, text.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const auto start = before.rfind('\n');
  const auto column = before.size() - (start == std::string_view::npos ? 0 : start + 1);
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// Walks the document once to find what the library's parser lets through: keys that come twice
/// (it keeps the last) and deep nesting.
class DuplicateFinder : public nlohmann::json_sax<Json> {
 public:
  explicit DuplicateFinder(std::string_view text) : text_(text) {}

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool string(string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool start_object(std::size_t) override { return push(false); }
  bool start_array(std::size_t) override { return push(true); }
  bool end_object() override { return pop(); }
  bool end_array() override { return pop(); }

  bool key(string_t& name) override {
    auto& level = levels_.back();
    level.key = name;
    if (std::find(level.seen.begin(), level.seen.end(), name) != level.seen.end()) {
      error = FieldError{path(), "appears twice in one object"};
      return false;
    }
    level.seen.push_back(name);
    return true;
  }

  bool parse_error(std::size_t byte, const std::string&,
                   const nlohmann::detail::exception&) override {
    error = FieldError{"", "is not JSON: unexpected text at " + position(text_, byte)};
    return false;
  }

  std::optional<FieldError> error;

 private:
  struct Level {
    bool is_list = false;
    std::size_t index = 0;
    std::string key;
    std::vector<std::string> seen;
  };

  bool value() {
    if (!levels_.empty()) ++levels_.back().index;
    return true;
  }

  bool push(bool is_list) {
    if (levels_.size() == max_depth) {
      error = FieldError{path(), "is nested deeper than " + std::to_string(max_depth) + " levels"};
      return false;
    }
    levels_.push_back({is_list, 0, {}, {}});
    return true;
  }

  bool pop() {
    levels_.pop_back();
    return value();
  }

  [[nodiscard]] std::string path() const {
    std::string result;
    for (const auto& level : levels_) {
      if (level.is_list)
        result += "[" + std::to_string(level.index) + "]";
      else
        result += (result.empty() ? "" : ".") + level.key;
    }
    return result;
  }

  std::string_view text_;
  std::vector<Level> levels_;
};

}  // namespace

Checked<Json> parse_document(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes)
    return tl::unexpected(
        FieldError{"", "must be at most " + std::to_string(max_bytes) + " bytes long"});
  DuplicateFinder finder(text);
  if (!Json::sax_parse(text.begin(), text.end(), &finder))
    return tl::unexpected(finder.error.value_or(FieldError{"", "is not JSON"}));
  return Json::parse(text.begin(), text.end(), nullptr, false);
}

}  // namespace aerie
