#include "runtime/drivers/process/media_registry.hpp"

#include <cstdlib>
#include <filesystem>
#include <unistd.h>

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

}  // namespace

std::string make_media_registry(const std::string& stream_program, const std::string& state) {
  const auto directory = cache_directory(state);
  std::error_code error;
  fs::create_directories(directory, error);
  const auto path = directory + "/gst-registry.bin";
  // A file of its own until it is whole: another controller may make it at the same time.
  const auto fresh = path + "." + std::to_string(::getpid());
  if (fs::exists(path, error)) return path;
  Probe probe;
  probe.argv = {"/usr/bin/env", "GST_REGISTRY=" + fresh, stream_program, "--check"};
  const bool is_made = run_probe(probe).worked && fs::exists(fresh, error);
  if (!is_made) return {};
  fs::rename(fresh, path, error);
  return error ? std::string{} : path;
}

}  // namespace aerie
