#include "runtime/drivers/qemu/saved_state.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/doctor/probe.hpp"
#include "runtime/process/unique_fd.hpp"
#include "runtime/secrets/identity.hpp"

namespace aerie {
namespace {

constexpr std::array names{"state", "overlay", "console.log"};

Cause corrupt(const std::string& path, const std::string& why) {
  return {CauseKind::image_corrupt,
          "The saved state's '" + path + "' " + why + ".",
          "Remove its folder; ./run image saves another.",
          {}};
}

/// SHA-256 of a file; empty where it can't be read.
std::string digest_of(const std::string& path) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file) return {};
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  std::vector<unsigned char> buffer(1024UL * 1024);
  for (;;) {
    const auto count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return {};
    if (count == 0) break;
    crypto_hash_sha256_update(&state, buffer.data(), static_cast<std::size_t>(count));
  }
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_final(&state, digest.data());
  std::string text(digest.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
  text.pop_back();
  return text;
}

/// What changes whenever a file does.
std::string identity_of_file(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return "none";
  return std::to_string(facts.st_ino) + ":" + std::to_string(facts.st_size) + ":" +
         std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec);
}

}  // namespace

std::string state_key(const GuestImage& image, const Profile& profile, const QemuMachine& machine,
                      const std::string& qemu_version) {
  auto same = machine;
  same.has_tap = false;  // what is behind the guest's interface is no part of the machine
  std::string words = image.digest + "\n" + qemu_version + "\n" + Json(profile).dump() + "\n";
  for (const auto& word : qemu_command(same, false))
    words += word + "\n";
  return sha256_hex(words).substr(0, 32);
}

std::string qemu_version() {
  Probe probe;
  probe.argv = {qemu_program, "--version"};
  probe.until_first_line = true;
  const auto result = run_probe(probe);
  return result.out.empty() ? "" : result.out.front();
}

std::string state_folder(const std::string& images, const std::string& key) {
  return images + "/states/" + key;
}

Result<std::optional<SavedState>> SavedStates::find(const std::string& key) {
  SavedState state{state_folder(images_, key), {}};
  const auto path = state.folder + "/manifest.json";
  std::ifstream file{path};
  if (!file) return std::nullopt;
  const std::string text{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  const auto manifest = Json::parse(text, nullptr, false);
  if (!manifest.is_object()) return tl::unexpected(corrupt(path, "is no JSON object"));
  state.secret = manifest.value("secret", "");
  if (state.secret.empty()) return tl::unexpected(corrupt(path, "names no secret"));
  auto seen = key + sha256_hex(text);
  for (const auto* name : names)
    seen += " " + identity_of_file(state.folder + "/" + name);
  if (checked_.contains(seen)) return state;
  const auto digests = manifest.value("sha256", Json::object());
  for (const auto* name : names)
    if (digests.value(name, "") != digest_of(state.folder + "/" + name))
      return tl::unexpected(corrupt(state.folder + "/" + name, "is not what was saved"));
  checked_.insert(seen);
  return state;
}

Result<void> seal_state(const SavedState& state) {
  Json manifest{{"secret", state.secret}};
  for (const auto* name : names)
    manifest["sha256"][name] = digest_of(state.folder + "/" + name);
  const auto path = state.folder + "/manifest.json";
  const auto text = manifest.dump();
  const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  const auto written = file ? ::write(file.get(), text.data(), text.size()) : -1;
  if (written == static_cast<ssize_t>(text.size())) return {};
  const bool is_full = errno == ENOSPC || errno == EDQUOT;
  return tl::unexpected(Cause{is_full ? CauseKind::disk_full : CauseKind::store_failed,
                              "'" + path + "' could not be written: " + std::strerror(errno) + ".",
                              "Free space there, or check its rights.",
                              {}});
}

}  // namespace aerie
