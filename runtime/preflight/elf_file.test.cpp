#include "runtime/preflight/elf_file.hpp"

#include <catch2/catch.hpp>
#include <elf.h>
#include <fstream>
#include <random>
#include <sys/mman.h>
#include <unistd.h>

#include "preflight_fixtures.hpp"
#include "runtime/preflight/loader_files.hpp"
#include "runtime/process/unique_fd.hpp"

using namespace aerie;
using preflight::read_elf;

namespace {

std::string content(const std::string& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

std::string fixture(const std::string& name) {
  return content(std::string{preflight::fixtures::directory} + "/" + name);
}

/// Bytes as a file.
UniqueFd file_of(const std::string& bytes) {
  UniqueFd file{::memfd_create("elf", MFD_CLOEXEC)};
  REQUIRE(::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  return file;
}

}  // namespace

TEST_CASE("an ELF file says what it needs and provides", "[preflight]") {
  const auto program = read_elf(file_of(fixture("bin/program-new")).get());
  CHECK(program.damage.empty());
  CHECK(program.bits == 64);
  CHECK(preflight::runs_here(program));
  CHECK(program.needed == std::vector<std::string>{"libfixture.so", "libc.so.6"});
  CHECK(program.runpath == "$ORIGIN/../private");
  CHECK(program.rpath.empty());
  CHECK(read_elf(file_of(fixture("bin/program-old")).get()).rpath == "$ORIGIN/../private");
  REQUIRE(program.version_needs.size() == 2);

  const auto library = read_elf(file_of(fixture("newer/libfixture.so")).get());
  REQUIRE(library.version_definitions.size() == 3);  // the first names the file itself
  CHECK(library.version_definitions.back().name == "FIX_2");
  CHECK_FALSE(library.loader);
  CHECK_FALSE(read_elf(file_of(fixture("plain/libfixture.so")).get()).has_version_definitions);
}

TEST_CASE("whatever the bytes are, reading them ends well", "[preflight]") {
  constexpr int variations = 4000;
  std::mt19937 random{20240607};  // NOLINT: the same every time
  for (const auto* name : {"bin/program-new", "newer/libfixture.so"}) {
    const auto whole = fixture(name);
    // Headers, dynamic section and version tables are where a byte matters most.
    std::uniform_int_distribution<std::size_t> anywhere{0, whole.size() - 1};
    std::uniform_int_distribution<std::size_t> in_front{
        0, std::min<std::size_t>(whole.size(), 2048) - 1};
    std::uniform_int_distribution<int> byte{0, 255};
    for (int i = 0; i < variations; ++i) {
      auto bytes = whole;
      for (int flips = 1 + i % 8; flips > 0; --flips)
        bytes[flips % 2 == 0 ? anywhere(random) : in_front(random)] =
            static_cast<char>(byte(random));
      if (i % 5 == 0) bytes.resize(anywhere(random));
      const auto file = read_elf(file_of(bytes).get());
      CHECK(file.size == bytes.size());
    }
  }
}

TEST_CASE("a damaged library cache gives no path that is none", "[preflight]") {
  const auto whole = content("/etc/ld.so.cache");
  REQUIRE(preflight::parse_library_cache(whole).contains("libc.so.6"));
  CHECK(preflight::parse_library_cache("").empty());
  std::mt19937 random{7};  // NOLINT: the same every time
  std::uniform_int_distribution<std::size_t> anywhere{0, whole.size() - 1};
  std::uniform_int_distribution<int> byte{0, 255};
  for (int i = 0; i < 200; ++i) {
    auto bytes = whole;
    for (int flips = 0; flips < 20; ++flips)
      bytes[flips % 2 == 0 ? anywhere(random) : anywhere(random) % 64] =
          static_cast<char>(byte(random));
    bytes.resize(anywhere(random));
    for (const auto& [name, library] : preflight::parse_library_cache(bytes))
      CHECK(library.path.starts_with('/'));
  }
}

TEST_CASE("a loader's own directories are read from it", "[preflight]") {
  using namespace std::string_view_literals;
  CHECK(preflight::default_directories("x\0/lib64/\0/usr/lib64/\0y"sv, 64) ==
        std::vector<std::string>{"/lib64", "/usr/lib64"});
  CHECK(preflight::default_directories("x\0/etc/\0/lib\0"sv, 64).size() == 6);
  const auto own = preflight::default_directories(content("/lib64/ld-linux-x86-64.so.2"), 64);
  CHECK(std::find(own.begin(), own.end(), "/usr/lib/x86_64-linux-gnu") != own.end());
}
