#include "runtime/tombstones/folder.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace aerie;
using aerie::testing::TemporaryDirectory;

TEST_CASE("nothing is opened through a link, be it the last part or one on the way",
          "[tombstone]") {
  const TemporaryDirectory place;
  const TemporaryDirectory elsewhere;
  const auto folder = Folder::open(place.path());
  const auto outside = Folder::open(elsewhere.path());
  REQUIRE(folder);
  REQUIRE(outside->write("secret", "told"));
  fs::create_symlink(elsewhere.path(), place.path() + "/way");
  fs::create_symlink(elsewhere.path() + "/secret", place.path() + "/file");
  CHECK_FALSE(folder->find("way"));
  CHECK_FALSE(folder->find_file("way/secret"));
  CHECK_FALSE(folder->find_file("file"));
  CHECK_FALSE(
      folder->find_file("../" + fs::path{elsewhere.path()}.filename().string() + "/secret"));
  CHECK_FALSE(folder->create("file"));
  CHECK(folder->bytes() == 0);
  REQUIRE(folder->remove("way"));
  REQUIRE(folder->remove("file"));
  CHECK(outside->read("secret", 100) == "told");
}

TEST_CASE("a pipe where a file should be keeps nobody waiting", "[tombstone]") {
  const TemporaryDirectory place;
  const auto folder = Folder::open(place.path());
  REQUIRE(::mkfifo((place.path() + "/pipe").c_str(), 0600) == 0);
  CHECK_FALSE(folder->find_file("pipe"));
}

TEST_CASE("where names can't be exchanged it goes by steps, and back after a death in between",
          "[tombstone]") {
  const TemporaryDirectory place;
  const auto folder = Folder::open(place.path());
  const auto make = [&](const char* name, const char* text) {
    REQUIRE(folder->make(name)->write("which", text));
  };
  make("new", "first");
  REQUIRE(folder->swap_in_steps("new", "there"));
  make("new", "second");
  REQUIRE(folder->swap_in_steps("new", "there"));
  CHECK(folder->find("there")->read("which", 100) == "second");
  CHECK(folder->find("new")->read("which", 100) == "first");
  REQUIRE(folder->rename("there", ".there.old"));  // and then it died
  REQUIRE(folder->put_back_old());
  CHECK(folder->find("there")->read("which", 100) == "second");
  make(".there.old", "zeroth");
  REQUIRE(folder->put_back_old());
  CHECK(folder->find("there")->read("which", 100) == "second");
  CHECK(folder->names() == std::vector<std::string>{"new", "there"});
}

TEST_CASE("one folder takes the place of another, or of none", "[tombstone]") {
  const TemporaryDirectory place;
  const auto folder = Folder::open(place.path());
  REQUIRE(folder->make("new")->write("which", "first"));
  REQUIRE(folder->swap_in("new", "there"));
  CHECK_FALSE(folder->has("new"));
  REQUIRE(folder->make("new")->write("which", "second"));
  REQUIRE(folder->swap_in("new", "there"));
  CHECK(folder->find("there")->read("which", 100) == "second");
  CHECK(folder->find("new")->read("which", 100) == "first");
  CHECK(folder->bytes() == 11);
  REQUIRE(folder->remove("new"));
  CHECK(folder->names() == std::vector<std::string>{"there"});
  CHECK(folder->remove("new"));
}
