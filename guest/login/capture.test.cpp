#include "guest/login/capture.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <sodium.h>
#include <unistd.h>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/waiting.hpp"

namespace aerie::login {

namespace {

/// A home in which a tool leaves its files.
struct Home {
  explicit Home(std::vector<std::string> names = {"~/.demo/auth.json"}) : names_(std::move(names)) {
    reactor.call([&] {
      capture = std::make_unique<Capture>(
          reactor, names_, folder.path(),
          Capture::Events{[&] { begun.set_value(); }, [&] { complete.set_value(); }});
    });
  }
  ~Home() {
    reactor.call([&] { capture.reset(); });
  }

  void write(const std::string& name, const std::string& text) const {
    const std::filesystem::path path{folder.path() + "/" + name};
    std::filesystem::create_directories(path.parent_path());
    std::ofstream{path} << text;
  }
  /// Whether all the reactor had to hear by now leaves the capture incomplete.
  [[nodiscard]] bool is_incomplete() {
    reactor.call([] {});
    return done.wait_for(std::chrono::seconds{0}) == std::future_status::timeout;
  }

  testing::TemporaryDirectory folder;
  std::vector<std::string> names_;
  std::promise<void> begun;
  std::promise<void> complete;
  std::future<void> done = complete.get_future();
  std::unique_ptr<Capture> capture;
  Reactor reactor;
};

struct Owner {
  Owner() {
    crypto_box_keypair(public_key.data(), secret_key.data());
    std::string text(sodium_base64_encoded_len(public_key.size(), sodium_base64_VARIANT_ORIGINAL),
                     '\0');
    sodium_bin2base64(text.data(), text.size(), public_key.data(), public_key.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();
    key = text;
  }
  [[nodiscard]] std::string open(const std::string& sealed) const {
    std::string box(sealed.size(), '\0');
    std::size_t size = 0;
    sodium_base642bin(reinterpret_cast<unsigned char*>(box.data()), box.size(), sealed.data(),
                      sealed.size(), nullptr, &size, nullptr, sodium_base64_VARIANT_ORIGINAL);
    std::string text(size - crypto_box_SEALBYTES, '\0');
    if (crypto_box_seal_open(reinterpret_cast<unsigned char*>(text.data()),
                             reinterpret_cast<const unsigned char*>(box.data()), size,
                             public_key.data(), secret_key.data()) != 0)
      return "not for us";
    return text;
  }

  std::array<unsigned char, crypto_box_PUBLICKEYBYTES> public_key{};
  std::array<unsigned char, crypto_box_SECRETKEYBYTES> secret_key{};
  std::string key;
};

}  // namespace

TEST_CASE("a file is captured when it appears in a folder that was not there", "[login]") {
  Home home;
  home.write(".demo/auth.json", R"({"token":"t"})");
  home.done.wait();
  CHECK(home.capture->missing().empty());
  home.begun.get_future().wait();
}

TEST_CASE("a file that is half written is not captured", "[login]") {
  Home home;
  home.write(".demo/auth.json", R"({"token":)");
  home.begun.get_future().wait();
  CHECK(home.is_incomplete());
  CHECK(home.capture->missing() == "~/.demo/auth.json");
  home.write(".demo/auth.json", R"({"token":"t"})");
  home.done.wait();
}

TEST_CASE("a file that somebody still writes is not captured", "[login]") {
  Home home;
  std::filesystem::create_directories(home.folder.path() + "/.demo");
  const auto path = home.folder.path() + "/.demo/auth.json";
  {
    const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
    const std::string_view text{"{}"};
    REQUIRE(::write(file.get(), text.data(), text.size()) == 2);
    home.begun.get_future().wait();
    CHECK(home.is_incomplete());
  }
  home.done.wait();
}

TEST_CASE("a file that is renamed into its place is captured", "[login]") {
  Home home;
  home.write(".demo/auth.json.new", "[1]");
  std::filesystem::rename(home.folder.path() + "/.demo/auth.json.new",
                          home.folder.path() + "/.demo/auth.json");
  home.done.wait();
  CHECK(home.capture->is_there());
}

TEST_CASE("all files of a credential are waited for", "[login]") {
  Home home{{"~/a.json", "~/deep/er/b"}};
  home.write("a.json", "{}");
  home.begun.get_future().wait();
  CHECK(home.is_incomplete());
  home.write("deep/er/b", "text");
  home.done.wait();
}

TEST_CASE("a file of before counts when it has changed", "[login]") {
  testing::TemporaryDirectory folder;
  std::ofstream{folder.path() + "/auth.json"} << "{}";
  Reactor reactor;
  std::promise<void> complete;
  std::unique_ptr<Capture> capture;
  reactor.call([&] {
    capture = std::make_unique<Capture>(
        reactor, std::vector<std::string>{folder.path() + "/auth.json"}, folder.path(),
        Capture::Events{[] {}, [&] { complete.set_value(); }});
  });
  reactor.call([] {});
  auto done = complete.get_future();
  CHECK(done.wait_for(std::chrono::seconds{0}) == std::future_status::timeout);
  CHECK(capture->is_there());
  std::ofstream{folder.path() + "/auth.json"} << R"({"new":true})";
  done.wait();
  reactor.call([&] { capture.reset(); });
}

TEST_CASE("files are sealed to their owner, in parts that a frame holds", "[login]") {
  Home home{{"~/a.json", "~/b"}};
  const auto large = "[\"" + std::string(100'000, 'x') + "\"]";
  home.write("a.json", large);
  home.write("b", "text");
  const Owner owner;
  const auto parts = home.capture->seal(owner.key, 7);
  REQUIRE(parts);
  REQUIRE(parts->size() > 3);
  std::string sealed;
  for (const auto& part : *parts) {
    CHECK(part.attempt == 7);
    CHECK(part.sealed.size() <= link::max_credential_part_bytes);
    CHECK(link::parse_guest_message(link::to_frame(link::GuestMessage{part})));
    if (part.file == 0) sealed += part.sealed;
  }
  CHECK(owner.open(sealed) == large);
  CHECK(parts->back().name == "~/b");
  CHECK(owner.open(parts->back().sealed) == "text");
}

TEST_CASE("what is no sensible credential is not sealed", "[login]") {
  Home home;
  const Owner owner;
  CHECK(home.capture->seal(owner.key, 1).error().kind == CauseKind::store_failed);
  home.write(".demo/auth.json", "\"" + std::string(300'000, 'x') + "\"");
  CHECK(home.capture->seal(owner.key, 1).error().kind == CauseKind::quota);
  home.write(".demo/auth.json", "{}");
  CHECK(home.capture->seal("no key", 1).error().kind == CauseKind::link_violation);
  CHECK(home.capture->seal(owner.key, 1));
}

}  // namespace aerie::login
