#include "runtime/config/providers.hpp"

#include <filesystem>

#include "runtime/config/document_files.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

Checked<Provider> read_provider_file(const fs::path& file) {
  auto provider = read_document_file(file).and_then(
      [&](const Json& json) { return check_provider(json).map_error(in_file(file)); });
  if (!provider) return provider;
  if (provider->name != file.stem().string())
    return tl::unexpected(
        in_file(file)({"name", "must be the file's own name, \"" + file.stem().string() +
                                   "\", not \"" + provider->name + "\""}));
  return provider;
}

}  // namespace

Checked<Providers> load_providers_from(const std::vector<std::string>& directories) {
  std::map<std::string, std::pair<fs::path, Provider>> by_name;
  for (const auto& directory : directories) {
    const auto files = document_files(directory, "providers.path");
    if (!files) return tl::unexpected(files.error());
    for (const auto& file : *files) {
      auto provider = read_provider_file(file);
      if (!provider) return tl::unexpected(provider.error());
      auto name = provider->name;
      by_name.try_emplace(std::move(name), file, *std::move(provider));
    }
  }
  Providers providers;
  for (const auto& [name, found] : by_name)
    providers.emplace(name, found.second);
  for (const auto& [name, found] : by_name) {
    const auto shared = providers.at(name);
    for (std::size_t i = 0; i < found.second.aliases.size(); ++i) {
      const auto& alias = found.second.aliases[i];
      const auto [other, is_new] = providers.try_emplace(alias, shared);
      if (!is_new && other->second->name != name)
        return tl::unexpected(in_file(found.first)(
            {"aliases[" + std::to_string(i) + "]",
             "\"" + alias + "\" is a name of \"" + other->second->name + "\" too"}));
    }
  }
  return providers;
}

Checked<Providers> load_providers(const Settings& settings) {
  return load_providers_from(search_path(settings.providers_path, "providers"));
}

}  // namespace aerie
