#include "guest/stream/files/downloads.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using aerie::stream::Downloads;
using aerie::stream::FileFault;

namespace fs = std::filesystem;

namespace {

/// A home of its own for one test.
struct Home {
  Home() {
    std::string pattern = fs::temp_directory_path() / "aerie-home-XXXXXX";
    path = ::mkdtemp(pattern.data());
  }
  ~Home() { fs::remove_all(path); }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  void put(const std::string& name, const std::string& text) const {
    std::ofstream{path + "/Downloads/" + name} << text;
  }
  [[nodiscard]] std::string get(const std::string& name) const {
    std::ifstream file{path + "/Downloads/" + name};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  [[nodiscard]] std::size_t entries() const {
    const fs::directory_iterator all{path + "/Downloads"};
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  std::string path;
};

}  // namespace

TEST_CASE("a file is there under its name once it is complete, and never before", "[files]") {
  const Home home;
  Downloads downloads{home.path};
  REQUIRE(downloads.create(1, 8).empty());
  REQUIRE(downloads.append(1, "four").empty());
  CHECK(downloads.list().empty());
  REQUIRE(downloads.append(1, "more").empty());
  CHECK(downloads.finish(1, "new.txt") == "new.txt");
  CHECK(home.get("new.txt") == "fourmore");
  REQUIRE(downloads.list().size() == 1);
  CHECK(downloads.list()[0].name == "new.txt");
  CHECK(downloads.list()[0].bytes == 8);
  CHECK(downloads.append(1, "late") == "gone");
}

TEST_CASE("nothing is overwritten", "[files]") {
  const Home home;
  Downloads downloads{home.path};
  home.put("a.txt", "old");
  home.put("a (2).txt", "old too");
  REQUIRE(downloads.create(1, 3).empty());
  REQUIRE(downloads.append(1, "new").empty());
  CHECK(downloads.finish(1, "a.txt") == "a (3).txt");
  CHECK(home.get("a.txt") == "old");
  CHECK(home.get("a (3).txt") == "new");
}

TEST_CASE("what is given up leaves nothing, nor does a streamer that was killed", "[files]") {
  const Home home;
  {
    Downloads downloads{home.path};
    REQUIRE(downloads.create(1, 3).empty());
    REQUIRE(downloads.create(2, 3).empty());
    downloads.discard(1);
    CHECK(home.entries() == 1);
  }
  const Downloads next{home.path};
  CHECK(home.entries() == 0);
}

TEST_CASE("a recording that a streamer did not finish is kept by the next", "[files]") {
  const Home home;
  {
    Downloads downloads{home.path};
    const auto file = downloads.record(1);
    REQUIRE(file);
    CHECK(::write(file->get(), "film", 4) == 4);
    CHECK(downloads.list().empty());
    REQUIRE(downloads.record(2));
    CHECK(downloads.finish(2, "recording.mkv") == "recording.mkv");
  }
  const Downloads next{home.path};
  CHECK(home.get("interrupted recording.mkv") == "film");
  CHECK(home.entries() == 2);
}

TEST_CASE("files are read from where they lie, and links lead nowhere", "[files]") {
  const Home home;
  Downloads downloads{home.path};
  home.put("plain", "content");
  CHECK(downloads.open(1, "plain") == 7U);
  CHECK(downloads.read(1, 4) == "cont");
  CHECK(downloads.read(1, 100) == "ent");
  CHECK(downloads.read(1, 100) == "");
  const auto fault = [&](const std::string& name) {
    const auto opened = downloads.open(2, name);
    return opened ? FileFault{} : opened.error();
  };
  fs::create_symlink("/etc/passwd", home.path + "/Downloads/link");
  fs::create_directory(home.path + "/Downloads/folder");
  REQUIRE(::mkfifo((home.path + "/Downloads/pipe").c_str(), 0600) == 0);
  CHECK(fault("link") == "bad-name");
  CHECK(fault("folder") == "bad-name");
  CHECK(fault("pipe") == "bad-name");
  CHECK(fault("../secret") == "bad-name");
  CHECK(fault("missing") == "gone");
  CHECK(downloads.list().size() == 1);
}

TEST_CASE("a folder of downloads that is a link is no folder", "[files]") {
  const Home home;
  const Home elsewhere;
  Downloads downloads{home.path};
  fs::remove_all(home.path + "/Downloads");
  fs::create_directory(elsewhere.path + "/Downloads");
  fs::create_symlink(elsewhere.path + "/Downloads", home.path + "/Downloads");
  CHECK_FALSE(downloads.create(1, 1).empty());
  CHECK(downloads.list().empty());
  fs::remove(home.path + "/Downloads");
  CHECK(downloads.create(1, 1).empty());  // it is made again
}

TEST_CASE("unfinished and oddly named files are not listed, the newest come first", "[files]") {
  const Home home;
  const Downloads downloads{home.path};
  for (const auto* name : {".hidden", "movie.mp4.crdownload", "a\nb", "old", "new"})
    home.put(name, "x");
  fs::last_write_time(home.path + "/Downloads/old",
                      fs::file_time_type::clock::now() - std::chrono::hours{1});
  const auto files = downloads.list();
  REQUIRE(files.size() == 2);
  CHECK(files[0].name == "new");
  CHECK(files[1].name == "old");
}

TEST_CASE("what does not fit the disk is refused before it begins", "[files]") {
  const Home home;
  Downloads downloads{home.path};
  CHECK(downloads.create(1, std::uint64_t{1} << 60) == "disk-full");
  CHECK(home.entries() == 0);
}
