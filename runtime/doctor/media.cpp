#include <array>

#include "runtime/config/shipped_files.hpp"
#include "runtime/doctor/checks.hpp"
#include "runtime/doctor/probe.hpp"

namespace aerie::doctor {
namespace {

/// What is looked for with gst-inspect-1.0 where the streamer can't be asked.
constexpr std::array elements{
    std::pair{"webrtcbin", "gstreamer1.0-plugins-bad"},
    std::pair{"dtlsdec", "gstreamer1.0-plugins-bad"},
    std::pair{"srtpenc", "gstreamer1.0-plugins-bad"},
    std::pair{"sctpenc", "gstreamer1.0-plugins-bad"},
    std::pair{"nicesrc", "gstreamer1.0-nice"},
    std::pair{"nicesink", "gstreamer1.0-nice"},
    std::pair{"x264enc", "gstreamer1.0-plugins-ugly"},
    std::pair{"vp8enc", "gstreamer1.0-plugins-good"},
    std::pair{"rtph264pay", "gstreamer1.0-plugins-good"},
    std::pair{"rtpvp8pay", "gstreamer1.0-plugins-good"},
    std::pair{"videoconvert", "gstreamer1.0-plugins-base"},
    std::pair{"appsrc", "gstreamer1.0-plugins-base"},
};

/// The streamer prints what it needs and has: it is built with the same table that it starts by.
Json ask_streamer() {
  Probe probe;
  probe.argv = {shipped_program("aerie-stream"), "--check"};
  const auto result = run_probe(probe);
  std::string text;
  for (const auto& line : result.out)
    text += line + "\n";
  return Json::parse(text, nullptr, false);
}

Json ask_inspector() {
  auto list = Json::array();
  for (const auto& [element, package] : elements) {
    Probe probe;
    // Without a version it wants GStreamer's own, which the nice elements never have.
    probe.argv = {"gst-inspect-1.0", "--exists", "--atleast-version=0.0.0", element};
    list.push_back(
        {{"element", element}, {"package", package}, {"found", run_probe(probe).worked}});
  }
  return list;
}

}  // namespace

Checks media_checks(const Json& list) {
  Checks missing;
  std::size_t count = 0;
  for (const auto& each : list) {
    const auto element = each.value("element", "");
    const auto package = each.value("package", "");
    ++count;
    if (each.value("found", false)) continue;
    // The nice elements are packaged apart from webrtcbin, which without them only says
    // "pad is None".
    missing.push_back({"media " + element, false,
                       "The media element " + element + " is not installed.",
                       "Install the Debian package " + package + "."});
  }
  if (!missing.empty()) return missing;
  return {{"media", true, "All " + std::to_string(count) + " media elements are there.", ""}};
}

Checks check_media(const Profile& profile) {
  if (profile.find(Builtin::stream) == nullptr) return {};
  const auto answer = find_program(shipped_program("aerie-stream")) ? ask_streamer() : Json();
  if (answer.is_array() && !answer.empty()) return media_checks(answer);
  if (find_program("gst-inspect-1.0")) return media_checks(ask_inspector());
  return {{"media", false, "The media elements could not be listed: aerie-stream --check failed.",
           "Build aerie-stream anew, or install the Debian package gstreamer1.0-tools."}};
}

}  // namespace aerie::doctor
