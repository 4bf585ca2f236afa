#include "runtime/drivers/vm/vm_files.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>

#include "runtime/process/temporary_directory.hpp"

namespace {

struct stat facts_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts;
}

std::string text_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

}  // namespace

TEST_CASE("an overlay is copied without its holes", "[vm][files]") {
  const aerie::testing::TemporaryDirectory directory;
  const auto source = directory.path() + "/overlay.ext4";
  constexpr std::uintmax_t size = 256UL * 1024 * 1024;
  {
    std::ofstream file{source};
    file << "begin";
    file.seekp(100 * 1024 * 1024);
    file << "middle";
  }
  std::filesystem::resize_file(source, size);
  aerie::VmPlan plan;
  plan.directory = directory.path() + "/vm";
  REQUIRE(aerie::prepare_vm_files(plan, source));
  const auto copy = aerie::overlay_path(plan.directory);
  CHECK(std::filesystem::file_size(copy) == size);
  CHECK(facts_of(copy).st_blocks * 512 < 1024 * 1024);
  CHECK((facts_of(copy).st_mode & 0777U) == 0600);
  CHECK((facts_of(plan.directory).st_mode & 0777U) == 0700);
  std::ifstream file{copy};
  file.seekg(100 * 1024 * 1024);
  std::string middle(6, ' ');
  file.read(middle.data(), 6);
  CHECK(middle == "middle");
  CHECK(text_of(aerie::console_path(plan.directory)).empty());
}

TEST_CASE("an overlay is copied to a file system of another kind", "[vm][files]") {
  const aerie::testing::TemporaryDirectory directory;
  const auto source = directory.path() + "/overlay.ext4";
  const std::string block(3 * 1024 * 1024 + 5, 'a');
  std::ofstream{source} << block;
  std::filesystem::resize_file(source, 64UL * 1024 * 1024);
  std::string memory = "/dev/shm/aerie-overlay-XXXXXX";
  REQUIRE(::mkdtemp(memory.data()) != nullptr);
  const auto target = memory + "/overlay";
  const auto copied = aerie::copy_sparse(source, target);
  const auto text = text_of(target);
  const auto facts = facts_of(target);
  std::filesystem::remove_all(memory);
  REQUIRE(copied);
  CHECK(text.size() == 64UL * 1024 * 1024);
  CHECK(text.compare(0, block.size(), block) == 0);
  CHECK(text.find_first_not_of('\0', block.size()) == std::string::npos);
  CHECK(facts.st_blocks * 512 < 8L * 1024 * 1024);
}

TEST_CASE("an overlay is never made over another, nor from nothing", "[vm][files]") {
  const aerie::testing::TemporaryDirectory directory;
  const auto source = directory.path() + "/source";
  std::ofstream{source} << "new";
  const auto target = directory.path() + "/target";
  std::ofstream{target} << "old";
  CHECK_FALSE(aerie::copy_sparse(source, target));
  CHECK(text_of(target) == "old");
  const auto missing = aerie::copy_sparse(directory.path() + "/nothing", directory.path() + "/x");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == aerie::CauseKind::root_missing);
  CHECK_FALSE(std::filesystem::exists(directory.path() + "/x"));
}
