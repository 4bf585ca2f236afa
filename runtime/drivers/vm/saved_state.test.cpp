#include "runtime/drivers/vm/saved_state.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "runtime/drivers/qemu/qemu_state.hpp"
#include "runtime/process/temporary_directory.hpp"

using aerie::SavedState;
using aerie::SavedStates;

namespace {

namespace fs = std::filesystem;

const std::string key = "0123456789abcdef0123456789abcdef";

/// A folder of images with one saved state, sealed.
class Saved {
 public:
  explicit Saved(bool has_memory = false) {
    state_.folder = aerie::state_folder(directory_.path(), key);
    state_.secret = "ab";
    fs::create_directories(state_.folder);
    for (const auto& path : {state_.state(), state_.overlay(), state_.console()})
      std::ofstream{path} << path;
    if (has_memory) std::ofstream{state_.memory()} << "memory";
    fs::resize_file(state_.overlay(), 64UL * 1024 * 1024);
    REQUIRE(aerie::seal_state(state_));
  }

  [[nodiscard]] const SavedState& state() const { return state_; }
  [[nodiscard]] SavedStates states() const { return SavedStates{directory_.path()}; }

 private:
  aerie::testing::TemporaryDirectory directory_;
  SavedState state_;
};

aerie::QemuMachine machine() {
  aerie::QemuMachine machine;
  machine.kernel_arguments = "console=ttyS0";
  return machine;
}

std::string key_of(const aerie::GuestImage& image, const aerie::Profile& profile,
                   const aerie::QemuMachine& machine, const std::string& version) {
  return aerie::state_key(image, profile, aerie::qemu_identity(machine, version));
}

}  // namespace

TEST_CASE("a saved state is found by its key alone", "[vm][state]") {
  const Saved saved;
  auto states = saved.states();
  const auto found = states.find(key);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->secret == "ab");
  CHECK((*found)->state() == saved.state().state());
  const auto other = states.find("00000000000000000000000000000000");
  REQUIRE(other);
  CHECK_FALSE(*other);
}

TEST_CASE("a saved state whose files are not what was saved is refused", "[vm][state]") {
  const Saved saved;
  auto states = saved.states();
  REQUIRE(*states.find(key));
  SECTION("memory that changed") {
    std::ofstream{saved.state().state(), std::ios::app} << "x";
  }
  SECTION("an overlay with other holes") {
    std::ofstream file{saved.state().overlay(), std::ios::in | std::ios::out};
    file.seekp(32 * 1024 * 1024);
    file << "x";
  }
  SECTION("a console that is gone") {
    fs::remove(saved.state().console());
  }
  SECTION("a manifest that is none") {
    std::ofstream{saved.state().folder + "/manifest.json", std::ios::trunc} << "[]";
  }
  const auto refused = states.find(key);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == aerie::CauseKind::image_corrupt);
  CHECK_FALSE(refused.error().remedy.empty());
}

TEST_CASE("memory that is kept apart is part of a state", "[vm][state]") {
  const Saved saved{true};
  auto states = saved.states();
  REQUIRE(*states.find(key));
  std::ofstream{saved.state().memory(), std::ios::app} << "x";
  CHECK_FALSE(states.find(key));
}

TEST_CASE("a saved state fits one image, profile, machine and QEMU", "[vm][state]") {
  aerie::GuestImage image;
  image.digest = "one";
  aerie::Profile profile;
  profile.name = "terminal";
  const auto first = key_of(image, profile, machine(), "QEMU 7.2");
  CHECK(first.size() == 32);
  auto tapped = machine();
  tapped.has_tap = true;
  CHECK(key_of(image, profile, tapped, "QEMU 7.2") == first);

  CHECK(key_of(image, profile, machine(), "QEMU 8") != first);
  auto larger = machine();
  larger.resources.memory_mib += 1;
  CHECK(key_of(image, profile, larger, "QEMU 7.2") != first);
  profile.display.width += 1;
  CHECK(key_of(image, profile, machine(), "QEMU 7.2") != first);
  profile.display.width -= 1;
  image.digest = "other";
  CHECK(key_of(image, profile, machine(), "QEMU 7.2") != first);
}
