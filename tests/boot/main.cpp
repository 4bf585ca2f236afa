// aerie-boot-test FOLDER PROFILE
//
// Boots the image in FOLDER under the driver qemu, in a controller of its own, and looks at it
// through a browser. Exit status 0: a frame of its screen was decoded; 1: none was, and why.

#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "tests/support/chromium.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/world.hpp"

namespace {

using namespace std::chrono_literals;
using aerie::Json;

constexpr auto longest_boot = 180s;

/// Chromium shows a black frame of 2x2 for a track that never brought one: the screen is there when
/// it has a screen's size and something bright on it.
constexpr const char* shows_screen =
    "(() => { const video = document.querySelector('#screen'); "
    "if (!video || video.videoWidth < 64) return false; "
    "const canvas = window.probe ||= document.createElement('canvas'); "
    "canvas.width = video.videoWidth; canvas.height = video.videoHeight; "
    "const brush = canvas.getContext('2d', {willReadFrequently: true}); "
    "brush.drawImage(video, 0, 0); "
    "return brush.getImageData(0, 0, canvas.width, canvas.height).data.some("
    "(value, index) => index % 4 !== 3 && value > 128); })()";

/// A folder of images in which this one counts as booted.
std::string promoted_in(const std::string& directory, const std::string& image,
                        const std::string& profile) {
  std::filesystem::create_directories(directory + "/current");
  std::filesystem::create_directory_symlink(image, directory + "/current/" + profile);
  return directory;
}

void print_stages(const Json& session) {
  for (const auto& stage : session.at("stages"))
    std::printf("  %-12s %6ld ms\n", stage.at("name").get<std::string>().c_str(),
                stage.at("atMs").get<long>());
}

void boot(const std::string& image, const std::string& profile) {
  const aerie::test::TemporaryDirectory directory;
  aerie::test::World world(
      aerie::test::World::Set{{"images.path", promoted_in(directory.path(), image, profile)}});
  // An image with a log-in wants to know whose; where nobody answers it fails, and the screen
  // stays.
  const auto session = world.start({{"driver", "qemu"},
                                    {"profile", profile},
                                    {"provider", "oidc"},
                                    {"env", {{"OIDC_ISSUER", "http://127.0.0.1:1"}}}});
  try {
    world.wait_for_state(session.id, "ready", longest_boot);
    aerie::test::Chromium chromium;
    auto page = chromium.new_page(world.viewer(session.id, session.token));
    page.wait_for(shows_screen, 60s);
  } catch (const std::exception&) {
    std::fprintf(stderr, "%s\n", world.why(session.id).dump(2).c_str());
    throw;
  }
  print_stages(world.session(session.id));
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: aerie-boot-test FOLDER PROFILE\n", stderr);
    return 2;
  }
  try {
    boot(arguments[1], arguments[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "The image in %s gave no frame: %s\n", arguments[1], error.what());
    return 1;
  }
}
