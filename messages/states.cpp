#include "messages/states.hpp"

#include <algorithm>

namespace aerie {
namespace {

constexpr std::array<std::string_view, 5> session_names{"starting", "ready", "retiring", "ended",
                                                        "failed"};
constexpr std::array<std::string_view, 7> vm_names{"preparing", "booting", "linking", "ready",
                                                   "stopping",  "stopped", "failed"};
constexpr std::array<std::string_view, 5> stream_names{"down", "starting", "up", "restarting",
                                                       "given-up"};
constexpr std::array<std::string_view, 2> role_names{"host", "viewer"};
constexpr std::array<std::string_view, 11> stage_names{
    "allocated", "spawned", "kernel", "userland",     "linked",     "configured",
    "display",   "stream",  "ready",  "first-viewer", "first-frame"};
constexpr std::array<std::string_view, 8> reason_names{
    "idle", "max-age", "requested", "failed", "superseded", "disk-pressure", "orphan", "shutdown"};

template <class Enum, std::size_t N>
std::optional<Enum> find(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto* found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Enum>(found - names.begin());
}

}  // namespace

std::string_view to_string(SessionState state) {
  return session_names.at(static_cast<std::size_t>(state));
}
std::string_view to_string(VmState state) {
  return vm_names.at(static_cast<std::size_t>(state));
}
std::string_view to_string(StreamState state) {
  return stream_names.at(static_cast<std::size_t>(state));
}
std::string_view to_string(ViewerRole role) {
  return role_names.at(static_cast<std::size_t>(role));
}
std::string_view to_string(Stage stage) {
  return stage_names.at(static_cast<std::size_t>(stage));
}
std::string_view to_string(RetireReason reason) {
  return reason_names.at(static_cast<std::size_t>(reason));
}

std::optional<SessionState> session_state(std::string_view name) {
  return find<SessionState>(session_names, name);
}
std::optional<Stage> stage(std::string_view name) {
  return find<Stage>(stage_names, name);
}

}  // namespace aerie
