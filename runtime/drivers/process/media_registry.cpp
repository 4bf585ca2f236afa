#include "runtime/drivers/process/media_registry.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <sstream>
#include <unistd.h>
#include <vector>

#include "runtime/doctor/probe.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

std::string cache_directory(const std::string& state) {
  for (const auto& [variable, below] :
       {std::pair{"XDG_CACHE_HOME", "/aerie"}, {"HOME", "/.cache/aerie"}})
    if (const char* value = std::getenv(variable); value != nullptr && *value == '/')
      return std::string{value} + below;
  return state;
}

/// What decides whether a registry is still true: names, sizes and times of all plug-ins.
std::string plugins_key() {
  std::error_code error;
  std::vector<std::string> plugins;
  for (const auto& libraries : fs::directory_iterator{"/usr/lib", error})
    for (const auto& plugin : fs::directory_iterator{libraries.path() / "gstreamer-1.0", error})
      plugins.push_back(plugin.path().native() + ' ' + std::to_string(plugin.file_size(error)) +
                        ' ' +
                        std::to_string(plugin.last_write_time(error).time_since_epoch().count()));
  std::sort(plugins.begin(), plugins.end());
  std::string all;
  for (const auto& plugin : plugins)
    all += plugin + '\n';
  std::ostringstream key;
  key << std::hex << std::hash<std::string>{}(all);
  return key.str();
}

void remove_others(const fs::path& directory, const fs::path& kept) {
  std::error_code error;
  for (const auto& each : fs::directory_iterator{directory, error})
    if (each.path() != kept && each.path().filename().native().starts_with("gst-registry") &&
        each.path().extension() == ".bin")
      fs::remove(each.path(), error);
}

}  // namespace

std::string make_media_registry(const std::string& stream_program, const std::string& state) {
  const auto directory = cache_directory(state);
  std::error_code error;
  fs::create_directories(directory, error);
  const auto path = directory + "/gst-registry-" + plugins_key() + ".bin";
  // A file of its own until it is whole: another controller may make it at the same time.
  const auto fresh = path + "." + std::to_string(::getpid());
  if (fs::exists(path, error)) return path;
  Probe probe;
  probe.argv = {"/usr/bin/env", "GST_REGISTRY=" + fresh, stream_program, "--check"};
  const bool is_made = run_probe(probe).worked && fs::exists(fresh, error);
  if (!is_made) return {};
  fs::rename(fresh, path, error);
  remove_others(directory, path);
  return error ? std::string{} : path;
}

}  // namespace aerie
