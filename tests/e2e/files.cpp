// Files go to a guest and come from it, by the viewer's page, while the picture goes on.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/support/chromium.hpp"
#include "tests/support/deadline.hpp"
#include "tests/support/site.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/viewer_page.hpp"
#include "tests/support/world.hpp"

using namespace std::chrono_literals;
using aerie::Json;
using aerie::test::Chromium;
using aerie::test::is_live;
using aerie::test::Page;
using aerie::test::Site;
using aerie::test::TemporaryDirectory;
using aerie::test::World;

namespace fs = std::filesystem;

namespace {

/// Saves a file of its own with the browser's downloads, and is never the same for long.
constexpr const char* giver =
    "<!doctype html><title>giver</title><body style='margin:0;height:100vh'><script>let n=0;"
    "setInterval(()=>{document.body.style.background=n++%2?'rgb(20,140,60)':'rgb(30,60,160)'},"
    "50);onload=()=>{const bytes=new Uint8Array(3e6);for(let i=0;i<bytes.length;++i)"
    "bytes[i]=(i*2654435761)>>>24;const link=document.createElement('a');"
    "link.href=URL.createObjectURL(new Blob([bytes]));link.download='given.bin';link.click();"
    "fetch('/said',{method:'POST',body:'loaded'})}</script>";

/// Sites are on this host's loopback.
const World::Set reaches_sites{{"guests.hostNetwork", "true"}, {"files.maxBytes", "8000000"}};

std::string read(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string given() {
  std::string bytes(3'000'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(static_cast<std::uint32_t>(i * 2654435761U) >> 24U);
  return bytes;
}

double frames(Page& page) {
  return page.evaluate(
      "document.querySelector('#screen').getVideoPlaybackQuality()"
      ".totalVideoFrames");
}

/// The words under the transfer of that name.
std::string transfer(const std::string& name) {
  return "[...document.querySelectorAll('#files-transfers li')].find((item) => "
         "item.querySelector('.name').textContent === '" +
         name + "')?.querySelector('small').textContent ?? ''";
}

}  // namespace

TEST_CASE("a file is sent to the guest, and one of the guest's is fetched", "[files]") {
  World world(reaches_sites);
  Site site(giver);
  const auto session = world.start({{"url", site.url()}});
  const auto downloads =
      fs::path{world.state()} / "vms" / session.document["vm"]["id"] / "home" / "Downloads";
  Chromium chromium;
  const TemporaryDirectory own;
  chromium.save_downloads_in(own.path().string());
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(is_live, 60s);
  page.wait_for("!document.querySelector('#files').hidden");
  site.wait_for_post("loaded", 60s);

  const auto sent = given() + given();
  std::ofstream{own.path() / "sent.bin", std::ios::binary} << sent;
  const auto before = frames(page);
  page.choose_files("#files-input", {(own.path() / "sent.bin").string()});
  page.wait_for("(" + transfer("sent.bin") + ").startsWith('In the guest')", 60s);
  CHECK(read(downloads / "sent.bin") == sent);
  CHECK(frames(page) > before);

  // Once more: nothing is overwritten.
  page.choose_files("#files-input", {(own.path() / "sent.bin").string()});
  page.wait_for("(" + transfer("sent (2).bin") + ").startsWith('In the guest')", 60s);
  CHECK(read(downloads / "sent (2).bin") == sent);

  page.evaluate("document.querySelector('#files').open = true");
  page.wait_for("document.querySelector('#files-list [aria-label=\"Fetch given.bin\"]')", 60s);
  page.click("#files-list [aria-label=\"Fetch given.bin\"]");
  page.wait_for("(" + transfer("given.bin") + ").startsWith('Saved')", 60s);
  // The browser writes it in its own time; it has its name once it is complete.
  const aerie::test::Deadline deadline(30s);
  while (!fs::exists(own.path() / "given.bin") && deadline.left().count() > 0)
    std::this_thread::sleep_for(20ms);
  CHECK(read(own.path() / "given.bin") == given());
}

TEST_CASE("what a guest does not take is refused in words, and leaves nothing", "[files]") {
  World world(reaches_sites);
  Site site(giver);
  const auto session = world.start({{"url", site.url()}});
  const auto downloads =
      fs::path{world.state()} / "vms" / session.document["vm"]["id"] / "home" / "Downloads";
  Chromium chromium;
  const TemporaryDirectory own;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(is_live, 60s);
  page.wait_for("!document.querySelector('#files').hidden");
  std::ofstream{own.path() / "large.bin"} << std::string(8'000'001, 'x');
  page.choose_files("#files-input", {(own.path() / "large.bin").string()});
  page.wait_for("(" + transfer("large.bin") + ") === 'Too large for this guest.'");

  // Cancelled on its way, it leaves nothing.
  std::ofstream{own.path() / "long.bin"} << std::string(7'900'000, 'x');
  page.choose_files("#files-input", {(own.path() / "long.bin").string()});
  page.wait_for(
      "(() => { const cancel = document.querySelector('#files-transfers "
      "[aria-label=\"Cancel long.bin\"]'); cancel?.click(); return cancel !== null; })()");
  page.wait_for("(" + transfer("long.bin") + ") === 'Cancelled.'");
  site.wait_for_post("loaded", 60s);
  page.wait_for("document.querySelector('#files-list [aria-label=\"Fetch given.bin\"]')", 60s);
  CHECK_FALSE(fs::exists(downloads / "long.bin"));
  const auto is_begun = [&] {
    const fs::directory_iterator all{downloads};
    return std::any_of(begin(all), end(all), [](const auto& entry) {
      return entry.path().filename().string().starts_with(".aerie-upload-");
    });
  };
  const aerie::test::Deadline deadline{aerie::test::patience};
  while (is_begun() && deadline.left() > 0ms) {
  }
  CHECK_FALSE(is_begun());

  // Who only watches has no such menu.
  auto watcher =
      chromium.new_page(world.viewer(session.id, world.watch_token(session.id), "viewer"));
  watcher.wait_for(is_live, 60s);
  watcher.wait_for("document.body.dataset.input === 'open'");
  CHECK(watcher.evaluate("document.querySelector('#files').hidden") == true);
}

TEST_CASE("the screen is recorded where it can be fetched, and every page says so", "[files]") {
  World world(reaches_sites);
  Site site(giver);
  const auto session = world.start({{"url", site.url()}});
  Chromium chromium;
  auto page = chromium.new_page(world.viewer(session.id, session.token));
  page.wait_for(is_live, 60s);
  page.wait_for("!document.querySelector('#files').hidden");
  site.wait_for_post("loaded", 60s);
  auto watcher =
      chromium.new_page(world.viewer(session.id, world.watch_token(session.id), "viewer"));
  watcher.wait_for(is_live, 60s);
  CHECK(watcher.evaluate("document.querySelector('#recording').hidden") == true);

  page.bring_to_front();
  page.evaluate("document.querySelector('#files').open = true");
  page.click("#record");
  page.wait_for("!document.querySelector('#recording').hidden");
  watcher.wait_for("!document.querySelector('#recording').hidden");
  const auto before = frames(page);
  page.wait_for("document.querySelector('#screen').getVideoPlaybackQuality().totalVideoFrames > " +
                std::to_string(before + 20));
  page.click("#record");
  page.wait_for("document.querySelector('#recording').hidden");
  watcher.wait_for("document.querySelector('#recording').hidden");
  page.wait_for("document.querySelector('#files-list [aria-label^=\"Fetch recording-\"]')", 30s);
}
