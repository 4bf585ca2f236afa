#include "runtime/vault/vault_key.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"
#include "runtime/secrets/identity.hpp"
#include "runtime/tombstones/folder.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_key_file = 16 * 1024;
constexpr std::size_t id_digits = 16;
constexpr auto base64 = sodium_base64_VARIANT_ORIGINAL;

std::string to_base64(const std::string& bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), base64), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()),
                    bytes.size(), base64);
  text.pop_back();  // the terminating zero
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3 + 3, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                        text.size(), nullptr, &size, &end, base64) != 0 ||
      end != text.data() + text.size())
    return std::nullopt;
  bytes.resize(size);
  return bytes;
}

const unsigned char* raw(const std::string& bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Cause refused(const std::string& what) {
  return {CauseKind::store_failed,
          "The vault's key can't be used: " + what + ".",
          "Give seeds of 64 hexadecimal digits each, one a line, in a file that only its owner may "
          "read; without any, the vault makes one.",
          {}};
}

/// A file with secrets in it: what is read of it is nowhere else in memory.
Result<std::optional<SecretText>> read_secret_file(const std::string& path, bool is_private) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
  if (!file && errno == ENOENT) return std::optional<SecretText>{};
  if (!file) return tl::unexpected(refused(path + ": " + std::strerror(errno)));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) ||
      status.st_size > static_cast<off_t>(max_key_file))
    return tl::unexpected(refused(path + " is no file of a sensible size"));
  if (is_private && (status.st_mode & 077U) != 0)
    return tl::unexpected(refused(path + " may be read by others than its owner"));
  SecretText text{static_cast<std::size_t>(status.st_size)};
  std::size_t got = 0;
  while (got < text.size()) {
    const auto count = ::read(file.get(), text.data() + got, text.size() - got);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return tl::unexpected(refused(path + " could not be read to its end"));
    got += static_cast<std::size_t>(count);
  }
  return std::optional{std::move(text)};
}

/// `SEED [INSTANT]` a line, or seeds between white space.
Result<std::vector<VaultKey>> parse_keys(std::string_view text, const std::string& source,
                                         Instant now) {
  constexpr std::string_view space = " \t\r\n,";
  std::vector<VaultKey> keys;
  for (auto at = text.find_first_not_of(space); at != std::string_view::npos;
       at = text.find_first_not_of(space, at)) {
    const auto end = std::min(text.find_first_of(space, at), text.size());
    const auto word = text.substr(at, end - at);
    at = end;
    if (const auto instant = from_rfc3339(std::string{word}); instant && !keys.empty()) {
      // The seed is before it; its pair is the same whenever it was made.
      keys.back().set_made_at(*instant);
      continue;
    }
    auto key = VaultKey::parse(word, now);
    if (!key) return tl::unexpected(refused(source + " holds a word that is no seed"));
    keys.push_back(std::move(*key));
  }
  if (keys.empty()) return tl::unexpected(refused(source + " is empty"));
  return keys;
}

}  // namespace

// -- one key --------------------------------------------------------------------------------------

VaultKey::VaultKey(SecretText seed, Instant made_at)
    : seed_(std::move(seed)), secret_(crypto_box_SECRETKEYBYTES), made_at_(made_at) {
  public_raw_.resize(crypto_box_PUBLICKEYBYTES);
  crypto_box_seed_keypair(reinterpret_cast<unsigned char*>(public_raw_.data()), secret_.bytes(),
                          seed_.bytes());
  public_key_ = to_base64(public_raw_);
  id_ = sha256_hex(public_raw_).substr(0, id_digits);
}

std::optional<VaultKey> VaultKey::parse(std::string_view seed, Instant made_at) {
  SecretText bytes{crypto_box_SEEDBYTES};
  std::size_t size = 0;
  if (seed.size() != seed_digits ||
      sodium_hex2bin(bytes.bytes(), bytes.size(), seed.data(), seed.size(), nullptr, &size,
                     nullptr) != 0 ||
      size != bytes.size())
    return std::nullopt;
  return VaultKey{std::move(bytes), made_at};
}

VaultKey VaultKey::make(Instant made_at) {
  SecretText seed{crypto_box_SEEDBYTES};
  randombytes_buf(seed.data(), seed.size());
  return {std::move(seed), made_at};
}

std::optional<SecretText> VaultKey::open(std::string_view sealed) const {
  const auto box = from_base64(sealed);
  if (!box || box->size() < crypto_box_SEALBYTES) return std::nullopt;
  SecretText text{box->size() - crypto_box_SEALBYTES};
  if (crypto_box_seal_open(text.bytes(), raw(*box), box->size(), raw(public_raw_),
                           secret_.bytes()) != 0)
    return std::nullopt;
  return text;
}

std::string VaultKey::seal(std::string_view text) const {
  std::string box(text.size() + crypto_box_SEALBYTES, '\0');
  crypto_box_seal(reinterpret_cast<unsigned char*>(box.data()),
                  reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                  raw(public_raw_));
  return to_base64(box);
}

void VaultKey::write_seed(SecretText& target, std::size_t offset) const {
  // Its terminating zero is written over by whoever goes on there.
  sodium_bin2hex(target.data() + offset, seed_digits + 1, seed_.bytes(), seed_.size());
}

// -- all of them ----------------------------------------------------------------------------------

Result<VaultKeys> VaultKeys::load(Source source, Instant now) {
  VaultKeys keys;
  const auto take = [&](std::string_view text, const std::string& name) -> Result<void> {
    auto parsed = parse_keys(text, name, now);
    if (!parsed) return tl::unexpected(parsed.error());
    keys.keys_ = std::move(*parsed);
    return {};
  };
  if (source.given) {
    if (auto taken = take(source.given->view(), "AERIE_VAULT_KEY"); !taken)
      return tl::unexpected(taken.error());
    return keys;
  }
  if (!source.credentials.empty()) {
    const auto path = source.credentials + "/aerie-vault-key";
    const auto text = read_secret_file(path, false);
    if (!text) return tl::unexpected(text.error());
    if (*text) {
      if (auto taken = take((*text)->view(), path); !taken) return tl::unexpected(taken.error());
      return keys;
    }
  }
  keys.file_ = source.state + "/vault.key";
  const auto text = read_secret_file(keys.file_, true);
  if (!text) return tl::unexpected(text.error());
  if (*text)
    if (auto taken = take((*text)->view(), keys.file_); !taken)
      return tl::unexpected(taken.error());
  const bool is_old = !keys.keys_.empty() && source.rotate_after > Duration{0} &&
                      keys.current().made_at() + source.rotate_after <= now;
  if (!keys.keys_.empty() && !is_old) return keys;
  keys.keys_.insert(keys.keys_.begin(), VaultKey::make(now));
  if (auto written = keys.write_file(); !written) return tl::unexpected(written.error());
  return keys;
}

const VaultKey* VaultKeys::find(std::string_view id) const {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const VaultKey& key) { return key.id() == id; });
  return found == keys_.end() ? nullptr : &*found;
}

const VaultKey* VaultKeys::opener_of(std::string_view sealed) const {
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const VaultKey& key) {
    return key.open(sealed).has_value();
  });
  return found == keys_.end() ? nullptr : &*found;
}

Result<void> VaultKeys::drop_former() {
  if (file_.empty() || keys_.size() == 1) return {};
  keys_.erase(keys_.begin() + 1, keys_.end());
  return write_file();
}

Result<void> VaultKeys::write_file() const {
  constexpr std::size_t instant_size = 25;  // a space and 2026-01-01T00:00:00.000Z
  const auto line = VaultKey::seed_digits + instant_size + 1;
  SecretText text{keys_.size() * line};
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    const auto at = " " + to_rfc3339(keys_[i].made_at()) + "\n";
    if (at.size() != instant_size + 1)
      return tl::unexpected(refused("its age can't be written down"));
    keys_[i].write_seed(text, i * line);
    std::copy(at.begin(), at.end(), text.data() + i * line + VaultKey::seed_digits);
  }
  const auto slash = file_.rfind('/');
  const auto folder = Folder::open(file_.substr(0, slash));
  if (!folder) return tl::unexpected(folder.error());
  const auto name = file_.substr(slash + 1);
  auto done = folder->remove(name + ".new");
  if (done) done = folder->write(name + ".new", text.view());
  if (done) done = folder->rename(name + ".new", name);
  if (done) done = folder->sync();
  return done;
}

bool is_public_key(const std::string& text) {
  const auto bytes = from_base64(text);
  if (!bytes || bytes->size() != crypto_box_PUBLICKEYBYTES) return false;
  std::array<unsigned char, crypto_scalarmult_BYTES> shared{};
  std::array<unsigned char, crypto_scalarmult_SCALARBYTES> scalar{};
  scalar.fill(0x55);
  // RFC 7748, section 6.1: a point of small order gives zero.
  return crypto_scalarmult(shared.data(), scalar.data(), raw(*bytes)) == 0;
}

}  // namespace aerie
