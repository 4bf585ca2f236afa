#include "tests/support/tool_folder.hpp"

#include <filesystem>
#include <fstream>

namespace aerie::test {

ToolFolder::ToolFolder() {
  for (const auto* name : {"/profiles", "/providers"})
    std::filesystem::create_directory(folder_.path().string() + name);
  add_profile({{"name", "bare-login"},
               {"resources", {{"cpus", 1}, {"memoryMiB", 128}}},
               {"children", {{{"name", "login"}, {"builtin", "login"}}}}});
}

void ToolFolder::add(const std::string& name, const std::string& script,
                     const Json& changes) const {
  Json provider{{"name", name},
                {"command", {"sh", "-c", script}},
                {"url", "(https?://\\S+)"},
                {"done", {{"files", {"~/auth.json"}}}}};
  provider.update(changes);
  std::ofstream{folder_.path().string() + "/providers/" + name + ".json"} << provider;
}

void ToolFolder::add_profile(const Json& profile) const {
  const auto name = profile.at("name").get<std::string>();
  std::ofstream{folder_.path().string() + "/profiles/" + name + ".json"} << profile;
}

World::Set ToolFolder::settings() const {
  return {{"profiles.path", folder_.path().string() + "/profiles"},
          {"providers.path", folder_.path().string() + "/providers"},
          {"guests.hostNetwork", "true"}};
}

}  // namespace aerie::test
