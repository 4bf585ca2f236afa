#include "runtime/config/profiles.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

class TempFolder {
 public:
  TempFolder() {
    std::string name = "/tmp/aerie-profiles-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  ~TempFolder() { fs::remove_all(path_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(fs::path(path_) / name) << text;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

std::string tiny(const std::string& name, const std::string& command) {
  return R"({"name":")" + name + R"(","children":[{"name":"a","command":[")" + command + R"("]}]})";
}

/// The field that is wrong in a directory.
std::string wrong_field(const std::string& directory) {
  const auto loaded = aerie::load_profiles_from({directory});
  return loaded.has_value() ? "nothing" : loaded.error().field;
}

}  // namespace

TEST_CASE("the shipped profiles are valid and what the contract says", "[profiles]") {
  const auto profiles = aerie::load_profiles(aerie::Settings{}).value();
  const auto& browser = *profiles.at("browser");
  CHECK(browser.display.width == 1280);
  CHECK(browser.display.height == 720);
  CHECK(browser.display.fps == 30);
  CHECK(browser.display.follows());
  CHECK(browser.find(aerie::Builtin::display) != nullptr);
  CHECK(browser.find(aerie::Builtin::stream) != nullptr);
  const auto& terminal = *profiles.at("terminal");
  CHECK(terminal.display.width == 640);
  CHECK(terminal.display.height == 360);
  CHECK(terminal.find(aerie::Builtin::stream) != nullptr);
  CHECK(terminal.find(aerie::Builtin::audio) == nullptr);
  for (const auto* name : {"browser", "login"}) {
    const auto* audio = profiles.at(name)->find(aerie::Builtin::audio);
    REQUIRE(audio != nullptr);
    // Sound that fails takes nothing else along.
    CHECK(audio->restart == aerie::RestartType::temporary);
  }
}

TEST_CASE("configured codecs reach the streamer of every profile", "[profiles]") {
  aerie::Settings settings;
  const auto codecs_of = [&](const char* name) {
    const auto profiles = aerie::load_profiles(settings).value();
    const auto& env = profiles.at(name)->find(aerie::Builtin::stream)->env;
    const auto found = env.find("AERIE_CODECS");
    return found == env.end() ? "" : found->second;
  };
  CHECK(codecs_of("browser").empty());
  settings.media.codecs = {"vp9", "h264"};
  CHECK(codecs_of("browser") == "vp9,h264");
  CHECK(codecs_of("terminal") == "vp9,h264");
}

TEST_CASE("a directory of one's own goes before the shipped one", "[profiles]") {
  const TempFolder folder;
  folder.write("browser.json", tiny("browser", "mine"));
  folder.write("notes.txt", "no profile");
  aerie::Settings settings;
  settings.profiles_path = folder.path();
  settings.guests.memory_mib = 300;
  const auto profiles = aerie::load_profiles(settings).value();
  CHECK(profiles.at("browser")->children.at(0).command.at(0) == "mine");
  CHECK(profiles.at("terminal")->resources.memory_mib == 300);
  CHECK(profiles.at("terminal")->resources.cpus == 1);
}

TEST_CASE("an invalid profile is refused with file and field", "[profiles]") {
  const TempFolder folder;
  folder.write("bad.json", R"({"name":"bad","children":[{"name":"a","command":[]}]})");
  CHECK(wrong_field(folder.path()) == folder.path() + "/bad.json: children[0].command");
  folder.write("bad.json", tiny("other", "x"));
  CHECK(wrong_field(folder.path()) == folder.path() + "/bad.json: name");
  folder.write("bad.json", "{");
  CHECK(wrong_field(folder.path()) == folder.path() + "/bad.json");
  CHECK(wrong_field("/nonexistent") == "profiles.path");
}

TEST_CASE("the default profile and the pool name known profiles", "[profiles]") {
  aerie::Settings settings;
  const auto profiles = aerie::load_profiles(settings).value();
  CHECK_FALSE(aerie::check_profile_names(settings, profiles).has_value());
  settings.pool["browsr"]["process"] = 1;
  CHECK(aerie::check_profile_names(settings, profiles)->field == "pool.browsr");
  settings.profile = "nothing";
  CHECK(aerie::check_profile_names(settings, profiles)->field == "profile");
}
