#include "runtime/vault/vault.hpp"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <stdexcept>

#include "runtime/secrets/identity.hpp"
#include "runtime/tombstones/folder.hpp"
#include "runtime/vault/credential_body.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_entry = 1024 * 1024;
constexpr const char* ending = ".json";

/// What is on disk of one credential.
struct Entry {
  SealedCredential credential;
  std::string key;  ///< of the vault's own; empty where it is the owner's
  std::optional<Instant> handed_over_at;
};

Json to_stored(const Entry& entry) {
  const auto& credential = entry.credential;
  Json files = Json::array();
  for (const auto& file : credential.files) {
    files.push_back({{"name", file.name}, {"bytes", file.bytes}});
    if (!entry.handed_over_at) files.back()["sealed"] = file.sealed;
  }
  Json json{{"session", credential.session},
            {"provider", credential.provider},
            {"owner", credential.is_owner_sealed},
            {"key", entry.key},
            {"capturedAt", to_rfc3339(credential.captured_at)},
            {"files", std::move(files)}};
  if (entry.handed_over_at) json["handedOverAt"] = to_rfc3339(*entry.handed_over_at);
  return json;
}

Instant instant(const Json& json) {
  const auto at = from_rfc3339(json.get_ref<const std::string&>());
  if (!at) throw std::invalid_argument("malformed instant");
  return *at;
}

Entry from_stored(const Json& json) {
  Entry entry;
  auto& credential = entry.credential;
  json.at("session").get_to(credential.session);
  json.at("provider").get_to(credential.provider);
  json.at("owner").get_to(credential.is_owner_sealed);
  json.at("key").get_to(entry.key);
  credential.captured_at = instant(json.at("capturedAt"));
  if (json.contains("handedOverAt")) entry.handed_over_at = instant(json["handedOverAt"]);
  for (const auto& file : json.at("files"))
    credential.files.push_back({file.at("name").get<std::string>(),
                                file.at("bytes").get<std::size_t>(), file.value("sealed", "")});
  return entry;
}

CredentialMetadata metadata_of(const Entry& entry) {
  CredentialMetadata metadata{
      entry.credential.provider, entry.credential.captured_at, entry.handed_over_at, {}};
  for (const auto& file : entry.credential.files)
    metadata.files.emplace_back(file.name, file.bytes);
  return metadata;
}

Cause damaged(const std::string& session, const std::string& what) {
  return {CauseKind::store_failed,
          "The credential of the session " + session + " can't be read: " + what + ".",
          "If the vault's key was replaced, give the former one behind it; else sign in again.",
          {}};
}

}  // namespace

// -- on the disk's thread -------------------------------------------------------------------------

class Vault::Files {
 public:
  Files(Folder folder, VaultKeys keys) : folder_(std::move(folder)), keys_(std::move(keys)) {}

  Result<void> keep(SealedCredential credential) {
    Entry entry{std::move(credential), "", std::nullopt};
    if (!entry.credential.is_owner_sealed && !entry.credential.files.empty()) {
      // Before it counts as kept: a guest may have sealed to whatever it liked, or, under the
      // controller before, to a former key.
      const auto* key = keys_.opener_of(entry.credential.files.front().sealed);
      for (const auto& file : entry.credential.files) {
        const auto text = key != nullptr ? key->open(file.sealed) : std::nullopt;
        if (!text || text->size() != file.bytes)
          return tl::unexpected(
              damaged(entry.credential.session, file.name + " was not sealed to the vault's key"));
      }
      entry.key = key->id();
    }
    return write(entry);
  }

  TakenCredential take(const std::string& session, Instant at) {
    auto entry = read(session);
    if (!entry) return {std::nullopt, nullptr, entry.error()};
    if (!*entry) return {};
    auto& found = **entry;
    TakenCredential taken{metadata_of(found), nullptr, std::nullopt};
    if (found.handed_over_at) return taken;
    const auto* key = found.credential.is_owner_sealed ? nullptr : keys_.find(found.key);
    if (!found.credential.is_owner_sealed && key == nullptr) {
      taken.failure = damaged(session, "its key is not here");
      return taken;
    }
    auto body = credential_body(found.credential, key);
    if (!body) {
      taken.failure = damaged(session, "it was changed since");
      return taken;
    }
    found.handed_over_at = at;
    if (auto written = write(found); !written) {
      taken.failure = written.error();
      return taken;
    }
    taken.metadata = metadata_of(found);
    taken.body = std::make_shared<const SecretText>(std::move(*body));
    return taken;
  }

  std::optional<CredentialMetadata> describe(const std::string& session) const {
    const auto entry = read(session);
    return entry && *entry ? std::optional{metadata_of(**entry)} : std::nullopt;
  }

  void forget(const std::string& session) {
    if (!is_uuid(session)) return;
    if (const auto gone = folder_.remove(session + ending); !gone)
      spdlog::error("vault: {} {}", gone.error().message, gone.error().remedy);
  }

  /// Seals to the current key whatever was sealed to a former one.
  Result<void> renew() {
    if (!keys_.has_former()) return {};
    bool is_complete = true;
    for (const auto& name : folder_.names()) {
      if (!name.ends_with(ending)) continue;
      auto entry = read(name.substr(0, name.size() - std::string_view{ending}.size()));
      if (!entry || !*entry) continue;
      is_complete = renew(**entry) && is_complete;
    }
    return is_complete ? keys_.drop_former() : Result<void>{};
  }

 private:
  bool renew(Entry entry) {
    if (entry.credential.is_owner_sealed || entry.handed_over_at ||
        entry.key == keys_.current().id())
      return true;
    const auto* former = keys_.find(entry.key);
    if (former == nullptr) return true;  // of a key that is nowhere: there is nothing to renew
    for (auto& file : entry.credential.files) {
      const auto text = former->open(file.sealed);
      if (!text) return false;
      file.sealed = keys_.current().seal(text->view());
    }
    entry.key = keys_.current().id();
    return write(entry).has_value();
  }

  Result<std::optional<Entry>> read(const std::string& session) const {
    if (!is_uuid(session)) return std::optional<Entry>{};
    const auto text = folder_.read(session + ending, max_entry);
    if (!text) return std::optional<Entry>{};
    try {
      return std::optional{from_stored(Json::parse(*text))};
    } catch (const std::exception&) {
      return tl::unexpected(damaged(session, "its file is no JSON of ours"));
    }
  }

  Result<void> write(const Entry& entry) {
    const auto name = entry.credential.session + ending;
    const auto fresh = "." + entry.credential.session + ".new";
    auto done = folder_.remove(fresh);
    if (done) done = folder_.write(fresh, to_stored(entry).dump());
    if (done) done = folder_.rename(fresh, name);
    if (done) done = folder_.sync();
    return done;
  }

  Folder folder_;
  VaultKeys keys_;
};

// -- the port -------------------------------------------------------------------------------------

Result<std::shared_ptr<Vault>> Vault::open(const std::string& state, Reactor& disk,
                                           VaultKeys keys) {
  const auto root = Folder::open(state);
  if (!root) return tl::unexpected(root.error());
  auto folder = root->make("vault");
  if (!folder) return tl::unexpected(folder.error());
  const auto seal_key = keys.current().public_key();
  const auto files = std::make_shared<Files>(std::move(*folder), std::move(keys));
  if (auto renewed = files->renew(); !renewed) return tl::unexpected(renewed.error());
  return std::shared_ptr<Vault>{new Vault{disk, files, seal_key}};
}

Vault::Vault(Reactor& disk, std::shared_ptr<Files> files, std::string seal_key)
    : disk_(disk), files_(std::move(files)), seal_key_(std::move(seal_key)) {}

void Vault::keep(SealedCredential credential, Kept done) {
  disk_.post(
      [files = files_, credential = std::move(credential), done = std::move(done)]() mutable {
        const auto kept = files->keep(std::move(credential));
        done(kept ? std::nullopt : std::optional{kept.error()});
      });
}

void Vault::take(const std::string& session, Instant at, Taken done) {
  disk_.post(
      [files = files_, session, at, done = std::move(done)] { done(files->take(session, at)); });
}

void Vault::describe(const std::string& session, Described done) {
  disk_.post([files = files_, session, done = std::move(done)] { done(files->describe(session)); });
}

void Vault::forget(const std::string& session) {
  disk_.post([files = files_, session] { files->forget(session); });
}

}  // namespace aerie
