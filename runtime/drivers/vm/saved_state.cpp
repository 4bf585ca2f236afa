#include "runtime/drivers/vm/saved_state.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"
#include "runtime/secrets/identity.hpp"

namespace aerie {
namespace {

constexpr std::array always{"state", "overlay", "console.log"};
constexpr const char* memory = "memory";

Cause corrupt(const std::string& path, const std::string& why) {
  return {CauseKind::image_corrupt,
          "The saved state's '" + path + "' " + why + ".",
          "Remove its folder; ./run image saves another.",
          {}};
}

class Digest {
 public:
  Digest() { crypto_hash_sha256_init(&state_); }
  void add(const void* bytes, std::size_t count) {
    crypto_hash_sha256_update(&state_, static_cast<const unsigned char*>(bytes), count);
  }
  std::string text() {
    std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
    crypto_hash_sha256_final(&state_, digest.data());
    std::string text(digest.size() * 2 + 1, '\0');
    sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
    text.pop_back();
    return text;
  }

 private:
  crypto_hash_sha256_state state_{};
};

bool add_run(Digest& digest, int file, off_t begin, off_t end) {
  std::vector<unsigned char> buffer(1024UL * 1024);
  while (begin < end) {
    const auto wanted = std::min<off_t>(end - begin, static_cast<off_t>(buffer.size()));
    const auto count = ::pread(file, buffer.data(), static_cast<std::size_t>(wanted), begin);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    digest.add(buffer.data(), static_cast<std::size_t>(count));
    begin += count;
  }
  return true;
}

/// SHA-256 of a file's length and of its parts that hold data, each led by where it begins: an
/// overlay is mostly holes. Empty where it can't be read.
std::string digest_of(const std::string& path) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return {};
  Digest digest;
  digest.add(&facts.st_size, sizeof facts.st_size);
  for (off_t at = 0; at < facts.st_size;) {
    const auto begin = ::lseek(file.get(), at, SEEK_DATA);
    if (begin < 0 && errno == ENXIO) break;  // nothing but a hole is left
    const auto end = begin < 0 ? begin : ::lseek(file.get(), begin, SEEK_HOLE);
    if (end < 0) return {};
    digest.add(&begin, sizeof begin);
    if (!add_run(digest, file.get(), begin, end)) return {};
    at = end;
  }
  return digest.text();
}

/// What changes whenever a file does.
std::string identity_of_file(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return "none";
  return std::to_string(facts.st_ino) + ":" + std::to_string(facts.st_size) + ":" +
         std::to_string(facts.st_mtim.tv_sec) + "." + std::to_string(facts.st_mtim.tv_nsec);
}

/// The files of a state whose manifest has these digests.
std::vector<std::string> names_in(const Json& digests) {
  std::vector<std::string> names{always.begin(), always.end()};
  if (digests.contains(memory)) names.emplace_back(memory);
  return names;
}

}  // namespace

std::string state_key(const GuestImage& image, const Profile& profile,
                      const std::vector<std::string>& machine) {
  std::string words = image.digest + "\n" + Json(profile).dump() + "\n";
  for (const auto& word : machine)
    words += word + "\n";
  return sha256_hex(words).substr(0, 32);
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
  const auto digests = manifest.value("sha256", Json::object());
  auto seen = key + sha256_hex(text);
  for (const auto& name : names_in(digests))
    seen += " " + identity_of_file(state.folder + "/" + name);
  if (checked_.contains(seen)) return state;
  for (const auto& name : names_in(digests))
    if (digests.value(name, "") != digest_of(state.folder + "/" + name))
      return tl::unexpected(corrupt(state.folder + "/" + name, "is not what was saved"));
  checked_.insert(seen);
  return state;
}

Result<void> seal_state(const SavedState& state) {
  Json manifest{{"secret", state.secret}};
  for (const auto* name : always)
    manifest["sha256"][name] = digest_of(state.folder + "/" + name);
  if (::access(state.memory().c_str(), F_OK) == 0)
    manifest["sha256"][memory] = digest_of(state.memory());
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
