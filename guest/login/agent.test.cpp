#include "guest/login/agent.hpp"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>
#include <sodium.h>

#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie::login {

namespace {

using namespace std::chrono_literals;

/// An agent, and its supervisor's end of the socket.
class Supervised {
 public:
  Supervised() {
    if (sodium_init() < 0) throw std::runtime_error{"no libsodium"};
    auto pair = unix_socket_pair().value();
    reactor_.call([&] {
      near_ = std::make_unique<FrameSocket>(
          reactor_, std::move(pair.first),
          FrameSocket::Events{[this](Json message) { push(std::move(message)); }, {}});
      agent_ = std::make_unique<Agent>(reactor_, std::move(pair.second), [this](int status) {
        push({{"type", "finished"}, {"status", status}});
      });
    });
  }
  Supervised(const Supervised&) = delete;
  Supervised& operator=(const Supervised&) = delete;
  ~Supervised() {
    reactor_.call([&] {
      agent_.reset();
      near_.reset();
    });
    reactor_.stop();
  }

  void send(const Json& message) {
    reactor_.call([&] { near_->send(message); });
  }
  void begin(std::uint64_t attempt, const std::string& script) {
    Provider provider;
    provider.name = "demo";
    provider.command = {"sh", "-c", script};
    provider.url = R"((https?://\S+))";
    provider.files = {"~/auth.json"};
    std::array<unsigned char, crypto_box_PUBLICKEYBYTES> key{};
    std::array<unsigned char, crypto_box_SECRETKEYBYTES> secret{};
    crypto_box_keypair(key.data(), secret.data());
    std::array<char, 64> text{};
    sodium_bin2base64(text.data(), text.size(), key.data(), key.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    send(link::to_frame(link::HostMessage{link::LoginOrder{attempt, provider, text.data()}}));
  }
  /// The next word of a type.
  Json next(const std::string& type) {
    std::unique_lock lock{mutex_};
    while (true) {
      if (!arrived_.wait_for(lock, 20s, [&] { return !said_.empty(); }))
        throw std::runtime_error{"the agent said nothing"};
      auto message = std::move(said_.front());
      said_.pop_front();
      if (message["type"] == type) return message;
    }
  }
  /// Waits until an attempt is in a state.
  Json until(const std::string& state) {
    auto message = next("login");
    while (message["state"] != state)
      message = next("login");
    return message;
  }
  [[nodiscard]] const std::string& home() const { return home_.path(); }

 private:
  void push(Json message) {
    {
      const std::lock_guard lock{mutex_};
      said_.push_back(std::move(message));
    }
    arrived_.notify_all();
  }

  testing::TemporaryDirectory home_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Json> said_;
  std::unique_ptr<FrameSocket> near_;
  std::unique_ptr<Agent> agent_;
  Reactor reactor_;
};

}  // namespace

TEST_CASE("an agent carries out an order with the environment it was given", "[login]") {
  Supervised supervised;
  supervised.next("ready");
  supervised.send({{"type", "env"}, {"values", {{"HOME", supervised.home()}, {"PART", "one"}}}});
  supervised.send({{"type", "env"}, {"values", {{"PATH", "/usr/bin:/bin"}, {"OTHER", "two"}}}});
  supervised.begin(1,
                   "mkfifo $HOME/gate; echo https://id.example/$PART-$OTHER; "
                   "read line < $HOME/gate; echo '{}' > $HOME/auth.json; sleep 600");
  CHECK(supervised.until("awaiting-user")["url"] == "https://id.example/one-two");
  std::ofstream{supervised.home() + "/gate"} << "the person is done\n";
  CHECK(supervised.next("open")["url"] == "https://id.example/one-two");
  CHECK(supervised.next("credential")["name"] == "~/auth.json");
  CHECK(supervised.until("completed")["attempt"] == 1);
}

TEST_CASE("an agent begins an attempt once, and a later one in its place", "[login]") {
  Supervised supervised;
  supervised.send(
      {{"type", "env"}, {"values", {{"HOME", supervised.home()}, {"PATH", "/usr/bin:/bin"}}}});
  supervised.begin(2, "echo https://id.example/second; sleep 600");
  supervised.until("awaiting-user");
  supervised.begin(2, "echo https://id.example/again; sleep 600");
  supervised.begin(1, "echo https://id.example/earlier; sleep 600");
  supervised.begin(3, "echo https://id.example/third; sleep 600");
  const auto next = supervised.until("awaiting-user");
  CHECK(next["attempt"] == 3);
  CHECK(next["url"] == "https://id.example/third");
  supervised.send(link::to_frame(link::HostMessage{link::LoginOrder{3, std::nullopt, {}}}));
  CHECK(supervised.until("cancelled")["attempt"] == 3);
}

TEST_CASE("an agent ends with a tool that was at fault", "[login]") {
  Supervised supervised;
  supervised.send(
      {{"type", "env"}, {"values", {{"HOME", supervised.home()}, {"PATH", "/usr/bin:/bin"}}}});
  supervised.begin(1, "exit 3");
  CHECK(supervised.until("failed")["cause"]["kind"] == "exit-code");
  CHECK(supervised.next("finished")["status"] == 1);
}

}  // namespace aerie::login
