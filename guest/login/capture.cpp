#include "guest/login/capture.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/cause.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::login {
namespace {

constexpr auto base64 = sodium_base64_VARIANT_ORIGINAL;

Cause unreadable(const std::string& name, const std::string& why) {
  return {CauseKind::store_failed,
          "The file " + name + " that the log-in tool left can't be taken: " + why + ".",
          "Look at the tool's own configuration of where it keeps its credentials.",
          {}};
}

UniqueFd open_file(const std::string& path) {
  // Neither a fifo nor a device makes this wait.
  return UniqueFd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
}

Result<SecretText> read_file(const std::string& name, const std::string& path) {
  const auto file = open_file(path);
  if (!file) return tl::unexpected(unreadable(name, std::strerror(errno)));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return tl::unexpected(unreadable(name, "it is no regular file"));
  if (status.st_size > static_cast<off_t>(Capture::most_bytes))
    return tl::unexpected(Cause{CauseKind::quota,
                                "The file " + name + " is larger than a credential may be: " +
                                    std::to_string(status.st_size) + " bytes.",
                                "A credential may have 262144 bytes in all.",
                                {}});
  SecretText text{static_cast<std::size_t>(status.st_size)};
  std::size_t got = 0;
  while (got < text.size()) {
    const auto count = ::read(file.get(), text.data() + got, text.size() - got);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return tl::unexpected(unreadable(name, "it ended too soon"));
    got += static_cast<std::size_t>(count);
  }
  return text;
}

/// Whether somebody holds it open for writing. Only a file's owner may ask; others are told no.
bool is_being_written(const std::string& path) {
  const auto file = open_file(path);
  if (!file) return false;
  if (::fcntl(file.get(), F_SETLEASE, F_RDLCK) != 0) return errno == EAGAIN;
  ::fcntl(file.get(), F_SETLEASE, F_UNLCK);
  return false;
}

bool is_parseable(const std::string& name, const std::string& path) {
  const auto text = read_file(name, path);
  if (!text || text->size() == 0) return false;
  if (!name.ends_with(".json")) return true;
  const auto first = text->view().find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || (text->view()[first] != '{' && text->view()[first] != '['))
    return false;
  return Json::accept(text->view().begin(), text->view().end());
}

std::map<std::string, std::int64_t> version_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {{"inode", static_cast<std::int64_t>(status.st_ino)},
          {"size", status.st_size},
          {"seconds", status.st_mtim.tv_sec},
          {"nanoseconds", status.st_mtim.tv_nsec}};
}

}  // namespace

Capture::Capture(Reactor& reactor, const std::vector<std::string>& files, const std::string& home,
                 Events events)
    : events_(std::move(events)) {
  std::set<std::string> directories;
  for (const auto& name : files) {
    const auto path = name.starts_with("~/") ? home + name.substr(1) : name;
    files_.push_back({name, path, version_of(path)});
    directories.insert(std::filesystem::path{path}.parent_path().string());
  }
  for (const auto& directory : directories)
    watches_.push_back(std::make_unique<PathWatch>(reactor, directory, [this] { look(); }));
}

void Capture::look() {
  if (is_complete_) return;
  bool is_complete = !files_.empty();
  bool has_begun = false;
  for (const auto& file : files_) {
    const auto now = version_of(file.path);
    const bool has_come = !now.empty() && now != file.before;
    has_begun = has_begun || has_come;
    is_complete = is_complete && has_come && !is_being_written(file.path) &&
                  is_parseable(file.name, file.path);
  }
  if (has_begun && !std::exchange(has_begun_, true)) events_.on_begun();
  if (!is_complete) return;
  is_complete_ = true;
  events_.on_complete();
}

bool Capture::is_there() const {
  return !files_.empty() && missing().empty();
}

std::string Capture::missing() const {
  for (const auto& file : files_)
    if (!is_parseable(file.name, file.path)) return file.name;
  return {};
}

Result<std::vector<link::CredentialPart>> Capture::seal(const std::string& key,
                                                        std::uint64_t attempt) const {
  std::array<unsigned char, crypto_box_PUBLICKEYBYTES> public_key{};
  std::size_t key_size = 0;
  if (sodium_base642bin(public_key.data(), public_key.size(), key.data(), key.size(), nullptr,
                        &key_size, nullptr, base64) != 0 ||
      key_size != public_key.size())
    return tl::unexpected(Cause{CauseKind::link_violation,
                                "The key that a credential is to be sealed to is none.",
                                "Give an X25519 public key as base64.",
                                {}});
  std::vector<link::CredentialPart> parts;
  std::size_t total = 0;
  for (std::size_t number = 0; number < files_.size(); ++number) {
    const auto& file = files_[number];
    const auto text = read_file(file.name, file.path);
    if (!text) return tl::unexpected(text.error());
    total += text->size();
    if (total > most_bytes)
      return tl::unexpected(Cause{CauseKind::quota,
                                  "The credential has more than 262144 bytes.",
                                  "Name only the files that are needed.",
                                  {}});
    std::string box(text->size() + crypto_box_SEALBYTES, '\0');
    auto* raw = reinterpret_cast<unsigned char*>(box.data());
    if (crypto_box_seal(raw, text->bytes(), text->size(), public_key.data()) != 0)
      return tl::unexpected(unreadable(file.name, "it could not be sealed to the owner's key"));
    std::string sealed(sodium_base64_encoded_len(box.size(), base64), '\0');
    sodium_bin2base64(sealed.data(), sealed.size(), raw, box.size(), base64);
    sealed.pop_back();  // the terminating zero
    for (std::size_t at = 0, part = 0; at < sealed.size();
         at += link::max_credential_part_bytes, ++part)
      parts.push_back({attempt, part, number, file.name, text->size(),
                       sealed.substr(at, link::max_credential_part_bytes)});
  }
  return parts;
}

}  // namespace aerie::login
