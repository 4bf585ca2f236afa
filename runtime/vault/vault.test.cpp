#include "runtime/vault/vault.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <sodium.h>
#include <sstream>
#include <sys/stat.h>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/secrets/identity.hpp"
#include "runtime/vault/credential_body.hpp"

namespace aerie {

namespace {

using testing::TemporaryDirectory;

constexpr Instant long_ago{};
const std::string seed_a(64, 'a');
const std::string seed_b(64, 'b');

VaultKeys keys_from(const std::string& text) {
  VaultKeys::Source source;
  source.state = "/nonexistent";
  source.given = SecretText{text};
  return VaultKeys::load(std::move(source), long_ago).value();
}

/// A vault on a thread of its own, as the controller has it.
struct OpenVault {
  explicit OpenVault(const std::string& state, const std::string& seeds = seed_a)
      : vault(Vault::open(state, disk, keys_from(seeds)).value()) {}
  ~OpenVault() { disk.stop(); }

  std::optional<Cause> keep(SealedCredential credential) {
    std::promise<std::optional<Cause>> kept;
    vault->keep(std::move(credential), [&](auto failure) { kept.set_value(std::move(failure)); });
    return kept.get_future().get();
  }
  TakenCredential take(const std::string& session) {
    std::promise<TakenCredential> taken;
    vault->take(session, wall_now(), [&](auto each) { taken.set_value(std::move(each)); });
    return taken.get_future().get();
  }
  std::optional<CredentialMetadata> describe(const std::string& session) {
    std::promise<std::optional<CredentialMetadata>> known;
    vault->describe(session, [&](auto each) { known.set_value(std::move(each)); });
    return known.get_future().get();
  }

  Reactor disk;
  std::shared_ptr<Vault> vault;
};

SealedCredential credential(const std::string& session, const std::string& seed,
                            const std::string& content) {
  const auto key = VaultKey::parse(seed, long_ago).value();
  return {session, "demo", false, wall_now(), {{"~/auth.json", content.size(), key.seal(content)}}};
}

Json body_of(const TakenCredential& taken) {
  return Json::parse(taken.body->view());
}

/// Everything that is in the files beneath.
std::string all_files(const std::string& folder) {
  std::string text;
  for (const auto& each : std::filesystem::recursive_directory_iterator{folder})
    if (each.is_regular_file()) {
      std::ifstream file{each.path(), std::ios::binary};
      text.append(std::istreambuf_iterator<char>{file}, {});
    }
  return text;
}

/// What the kernel says of the memory at an address: proc(5), VmFlags; empty: there is none.
std::string flags_of_memory(std::uintptr_t address) {
  std::ifstream file{"/proc/self/smaps"};
  bool is_within = false;
  for (std::string line; std::getline(file, line);) {
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    char dash = 0;
    if (std::istringstream{line} >> std::hex >> from >> dash >> to; dash == '-')
      is_within = from <= address && address < to;
    if (is_within && line.starts_with("VmFlags:")) return line;
  }
  return {};
}

const std::string content = R"({"access_token":"PLANTED-SECRET \"quoted\" ä"})";

}  // namespace

TEST_CASE("a credential is handed over once, and is nowhere in plain text", "[vault]") {
  const TemporaryDirectory state;
  OpenVault open{state.path()};
  const auto session = new_uuid();
  REQUIRE_FALSE(open.keep(credential(session, seed_a, content)));
  CHECK(all_files(state.path()).find("PLANTED") == std::string::npos);
  const auto sealed_size = all_files(state.path()).size();

  const auto taken = open.take(session);
  REQUIRE(taken.body);
  const auto body = body_of(taken);
  CHECK(body["provider"] == "demo");
  CHECK(body["files"][0]["name"] == "~/auth.json");
  CHECK(body["files"][0]["content"] == content);
  CHECK(body.contains("capturedAt"));

  CHECK_FALSE(open.take(session).body);
  CHECK(open.take(session).metadata->handed_over_at);
  CHECK(all_files(state.path()).size() < sealed_size);
}

TEST_CASE("what is sealed to its owner is handed over as it is", "[vault]") {
  const TemporaryDirectory state;
  OpenVault open{state.path()};
  const auto owner = VaultKey::make(long_ago);
  const auto session = new_uuid();
  const SealedCredential sealed{
      session, "demo", true, wall_now(), {{"~/auth.json", content.size(), owner.seal(content)}}};
  REQUIRE_FALSE(open.keep(sealed));
  const auto body = body_of(open.take(session));
  CHECK_FALSE(body["files"][0].contains("content"));
  CHECK(owner.open(body["files"][0]["sealed"].get<std::string>())->view() == content);
}

TEST_CASE("a credential outlives the controller", "[vault]") {
  const TemporaryDirectory state;
  const auto session = new_uuid();
  CHECK_FALSE(OpenVault{state.path()}.keep(credential(session, seed_a, content)));
  OpenVault next{state.path()};
  CHECK(next.describe(session)->files[0].second == content.size());
  CHECK(body_of(next.take(session))["files"][0]["content"] == content);
  CHECK_FALSE(OpenVault{state.path()}.take(session).body);
}

TEST_CASE("a new key opens what was sealed to the former one", "[vault]") {
  const TemporaryDirectory state;
  const auto session = new_uuid();
  CHECK_FALSE(OpenVault{state.path()}.keep(credential(session, seed_a, content)));
  { const OpenVault renewed{state.path(), seed_b + "\n" + seed_a}; }
  OpenVault without_former{state.path(), seed_b};
  CHECK(body_of(without_former.take(session))["files"][0]["content"] == content);
}

TEST_CASE("without its key a credential is kept, and said to be unreadable", "[vault]") {
  const TemporaryDirectory state;
  const auto session = new_uuid();
  CHECK_FALSE(OpenVault{state.path()}.keep(credential(session, seed_a, content)));
  OpenVault other{state.path(), seed_b};
  const auto taken = other.take(session);
  REQUIRE(taken.failure);
  CHECK(taken.failure->kind == CauseKind::store_failed);
  CHECK_FALSE(other.describe(session)->handed_over_at);
}

TEST_CASE("a box that was not sealed to the vault is not kept", "[vault]") {
  const TemporaryDirectory state;
  OpenVault open{state.path()};
  CHECK(open.keep(credential(new_uuid(), seed_b, content)));
  auto lying = credential(new_uuid(), seed_a, content);
  lying.files[0].bytes = 1;
  CHECK(open.keep(lying));
}

TEST_CASE("a box that was sealed to a former key is kept under it", "[vault]") {
  const TemporaryDirectory state;
  OpenVault open{state.path(), seed_b + "\n" + seed_a};
  const auto session = new_uuid();
  REQUIRE_FALSE(open.keep(credential(session, seed_a, content)));
  CHECK(body_of(open.take(session))["files"][0]["content"] == content);
}

TEST_CASE("a later credential of a session takes the place of the one before", "[vault]") {
  const TemporaryDirectory state;
  OpenVault open{state.path()};
  const auto session = new_uuid();
  CHECK_FALSE(open.keep(credential(session, seed_a, "first")));
  CHECK_FALSE(open.keep(credential(session, seed_a, "second")));
  CHECK(body_of(open.take(session))["files"][0]["content"] == "second");
}

TEST_CASE("a forgotten credential is gone", "[vault]") {
  const TemporaryDirectory state;
  OpenVault open{state.path()};
  const auto session = new_uuid();
  CHECK_FALSE(open.keep(credential(session, seed_a, content)));
  open.vault->forget(session);
  CHECK_FALSE(open.take(session).metadata);
  CHECK_FALSE(open.take("../../etc/passwd").metadata);
}

TEST_CASE("bytes that are no text go out as base64", "[vault]") {
  const auto key = VaultKey::parse(seed_a, long_ago).value();
  const std::string bytes{"\xff\x00\x01", 3};
  const auto body = credential_body({"s", "p", false, long_ago, {{"f", 3, key.seal(bytes)}}}, &key);
  const auto json = Json::parse(body->view());
  CHECK(json["files"][0]["encoding"] == "base64");
  CHECK(json["files"][0]["content"] == "/wAB");
}

// -- keys -----------------------------------------------------------------------------------------

TEST_CASE("a vault without a key makes one that only its owner may read", "[vault]") {
  const TemporaryDirectory state;
  const auto load = [&](Duration rotate_after, Instant now) {
    VaultKeys::Source source;
    source.state = state.path();
    source.rotate_after = rotate_after;
    return VaultKeys::load(std::move(source), now);
  };
  const auto now = wall_now();
  const auto first = load(Duration{0}, now).value().current().id();
  struct stat status {};
  REQUIRE(::stat((state.path() + "/vault.key").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
  CHECK(load(Duration{1000}, now).value().current().id() == first);

  auto rotated = load(Duration{1000}, now + Duration{1000}).value();
  CHECK(rotated.current().id() != first);
  CHECK(rotated.find(first) != nullptr);
  REQUIRE(rotated.drop_former());
  CHECK(load(Duration{0}, now).value().find(first) == nullptr);

  ::chmod((state.path() + "/vault.key").c_str(), 0644);
  CHECK_FALSE(load(Duration{0}, now));
}

TEST_CASE("keys come from the environment or from systemd before the file", "[vault]") {
  const TemporaryDirectory credentials;
  std::ofstream{credentials.path() + "/aerie-vault-key"} << seed_b << "\n";
  VaultKeys::Source source;
  source.state = "/nonexistent";
  source.credentials = credentials.path();
  CHECK(VaultKeys::load(std::move(source), long_ago).value().current().id() ==
        VaultKey::parse(seed_b, long_ago)->id());
  CHECK(keys_from(seed_a + " " + seed_b).current().id() == VaultKey::parse(seed_a, long_ago)->id());
  VaultKeys::Source wrong;
  wrong.given = SecretText{"not a seed"};
  CHECK_FALSE(VaultKeys::load(std::move(wrong), long_ago));
}

TEST_CASE("only a real public key is one", "[vault]") {
  CHECK(is_public_key(VaultKey::make(long_ago).public_key()));
  const std::string text = GENERATE("", "AAAA", "not base64 at all, but as long as one is .",
                                    // zero, a point of small order
                                    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
  CHECK_FALSE(is_public_key(text));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // which ignore mlock(2)
TEST_CASE("a secret's memory is neither swapped out nor dumped, and gone with it", "[vault]") {
  std::optional<SecretText> secret{std::string_view{"hidden"}};
  const auto address = reinterpret_cast<std::uintptr_t>(secret->data());
  const auto flags = flags_of_memory(address);
  CHECK_THAT(flags, Catch::Contains(" lo") && Catch::Contains(" dd"));
  secret.reset();
  CHECK(flags_of_memory(address).find(" lo") == std::string::npos);
}
#endif

TEST_CASE("a secret's memory is wiped and moves", "[vault]") {
  SecretText secret{std::string_view{"hidden"}};
  const SecretText moved{std::move(secret)};
  CHECK(moved.view() == "hidden");
  CHECK(SecretText{0}.view().empty());
}

}  // namespace aerie
