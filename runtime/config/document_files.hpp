#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"
#include "messages/field_error.hpp"

namespace aerie {

/// The directories of `path`, which ':' separates, and behind them the shipped folder `name`.
[[nodiscard]] std::vector<std::string> search_path(const std::string& path,
                                                   const std::string& name);

/// The directory's `*.json` in the order of their names. The error's field is `key`.
[[nodiscard]] Checked<std::vector<std::filesystem::path>> document_files(
    const std::string& directory, const std::string& key);

/// Reads a document that a person wrote; the error's field is led by the file.
[[nodiscard]] Checked<Json> read_document_file(const std::filesystem::path& file);

/// Puts the file in front of an error's field: `/etc/aerie/profiles/big.json: display.width`.
[[nodiscard]] std::function<FieldError(const FieldError&)> in_file(
    const std::filesystem::path& file);

}  // namespace aerie
