#include <algorithm>
#include <array>
#include <initializer_list>

#include "runtime/preflight/preflight.hpp"

namespace aerie::preflight {
namespace {

/// A plug-in of GStreamer, an element that the streamer needs of it, and who packages it on Debian.
/// The nice elements come apart from webrtcbin, which without them only says "pad is None".
struct MediaPlugin {
  const char* element;
  const char* file;
  const char* package;
};

constexpr std::array plugins{
    MediaPlugin{"appsrc", "libgstapp.so", "gstreamer1.0-plugins-base"},
    MediaPlugin{"nicesrc", "libgstnice.so", "gstreamer1.0-nice"},
    MediaPlugin{"webrtcbin", "libgstwebrtc.so", "gstreamer1.0-plugins-bad"},
    MediaPlugin{"dtlsdec", "libgstdtls.so", "gstreamer1.0-plugins-bad"},
    MediaPlugin{"srtpenc", "libgstsrtp.so", "gstreamer1.0-plugins-bad"},
    MediaPlugin{"sctpenc", "libgstsctp.so", "gstreamer1.0-plugins-bad"},
    MediaPlugin{"rtpbin", "libgstrtpmanager.so", "gstreamer1.0-plugins-good"},
    MediaPlugin{"rtph264pay", "libgstrtp.so", "gstreamer1.0-plugins-good"},
    MediaPlugin{"x264enc", "libgstx264.so", "gstreamer1.0-plugins-ugly"},
    MediaPlugin{"vp8enc", "libgstvpx.so", "gstreamer1.0-plugins-good"},
};

constexpr const char* media_library = "libgstreamer-1.0.so.0";

/// The first of the variables that is set (gst-running, "Environment variables").
std::optional<std::string> first_set(const Request& request,
                                     std::initializer_list<const char*> names) {
  for (const auto* name : names)
    for (const auto& [each, value] : request.env)
      if (each == name) return value;
  return std::nullopt;
}

void add_directories(std::vector<std::string>& into, const std::string& list) {
  for (std::size_t begin = 0; begin < list.size();) {
    const auto end = std::min(list.find(':', begin), list.size());
    if (end > begin) into.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
}

/// Where plug-ins are: where the environment says, else beside GStreamer's own library.
std::vector<std::string> plugin_directories(const Request& request, const std::string& library) {
  std::vector<std::string> directories;
  if (const auto own = first_set(request, {"GST_PLUGIN_PATH_1_0", "GST_PLUGIN_PATH"}))
    add_directories(directories, *own);
  if (const auto system =
          first_set(request, {"GST_PLUGIN_SYSTEM_PATH_1_0", "GST_PLUGIN_SYSTEM_PATH"})) {
    add_directories(directories, *system);
  } else {
    if (const auto home = first_set(request, {"HOME"}))
      directories.push_back(*home + "/.local/share/gstreamer-1.0/plugins");
    directories.push_back(library.substr(0, library.rfind('/')) + "/gstreamer-1.0");
  }
  return directories;
}

Cause missing(const MediaPlugin& plugin, const std::string& where) {
  return {CauseKind::plugin_missing,
          std::string{"The media element "} + plugin.element + " is not installed: " + plugin.file +
              " is not in " + where + ".",
          std::string{"Install the Debian package "} + plugin.package + " in the guest.",
          {}};
}

Cause unusable(const MediaPlugin& plugin, const std::vector<Cause>& faults) {
  Cause cause{CauseKind::plugin_missing,
              std::string{"The media element "} + plugin.element +
                  " can't be loaded: " + faults.front().message,
              std::string{"Install the Debian package "} + plugin.package +
                  " in the guest, with all it depends on.",
              {}};
  for (const auto& fault : faults)
    cause.evidence.push_back(fault.message);
  return cause;
}

}  // namespace

std::optional<Cause> Preflight::examine_media(const Request& streamer) const {
  std::optional<LibraryClosure> closure;
  const auto report = examine(streamer, closure);
  const auto* library = closure ? closure->find(media_library) : nullptr;
  if (report.fault || library == nullptr) return std::nullopt;
  const auto directories = plugin_directories(streamer, library->path);
  for (const auto& plugin : plugins) {
    std::optional<std::string> path;
    for (const auto& directory : directories)
      if (const auto candidate = directory + "/" + plugin.file; root_->find(candidate)) {
        path = candidate;
        break;
      }
    if (!path) return missing(plugin, directories.back());
    if (const auto faults = closure->add_module(*path); !faults.empty())
      return unusable(plugin, faults);
  }
  return std::nullopt;
}

}  // namespace aerie::preflight
