#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <sodium.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "guest/login/attempt.hpp"
#include "runtime/process/temporary_directory.hpp"

namespace aerie::testing {

/// One attempt on a reactor, and all that it says.
class Trial {
 public:
  /// `programs`: a folder in front of the tool's PATH.
  explicit Trial(Provider provider, const std::string& programs = "/usr/local/bin") {
    if (sodium_init() < 0) throw std::runtime_error{"no libsodium"};
    std::array<unsigned char, crypto_box_PUBLICKEYBYTES> key{};
    std::array<unsigned char, crypto_box_SECRETKEYBYTES> secret{};
    crypto_box_keypair(key.data(), secret.data());
    std::string text(sodium_base64_encoded_len(key.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
    sodium_bin2base64(text.data(), text.size(), key.data(), key.size(),
                      sodium_base64_VARIANT_ORIGINAL);
    text.pop_back();
    reactor_.call([&] {
      attempt_ = std::make_unique<login::Attempt>(
          login::AttemptSetting{reactor_,
                                1,
                                std::move(provider),
                                text,
                                {{"HOME", home_.path()}, {"PATH", programs + ":/usr/bin:/bin"}},
                                [this](link::GuestMessage words) { hear(std::move(words)); },
                                [this](const std::string& address) { opened_.push_back(address); },
                                [this] { is_over_ = true; }});
      attempt_->begin();
    });
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;
  ~Trial() {
    reactor_.call([&] { attempt_.reset(); });
    reactor_.stop();
  }

  /// The next word of the attempt; its credential's parts are counted on the way.
  link::LoginNews next() {
    std::unique_lock lock{mutex_};
    while (true) {
      if (!arrived_.wait_for(lock, std::chrono::seconds{20}, [&] { return !said_.empty(); }))
        throw std::runtime_error{"the attempt said nothing"};
      auto words = std::move(said_.front());
      said_.pop_front();
      if (const auto* news = std::get_if<link::LoginNews>(&words)) return *news;
      ++parts_;
    }
  }
  /// Hears it until it is in that state.
  link::LoginNews until(LoginState state) {
    while (true) {
      const auto news = next();
      if (news.state == state) return news;
      if (is_final(news.state))
        throw std::runtime_error{std::string{to_string(news.state)} + ": " +
                                 (news.cause ? news.cause->message : "")};
    }
  }
  void cancel() {
    reactor_.call([&] { attempt_->cancel(); });
  }
  std::vector<std::string> opened() {
    std::vector<std::string> all;
    reactor_.call([&] { all = opened_; });
    return all;
  }
  std::vector<std::string> last_lines() {
    std::vector<std::string> lines;
    reactor_.call([&] { lines = attempt_->last_lines(); });
    return lines;
  }
  [[nodiscard]] int parts() const { return parts_; }
  [[nodiscard]] const std::string& home() const { return home_.path(); }

 private:
  void hear(link::GuestMessage words) {
    // Everything that is said must pass the host's judgement.
    auto parsed = link::parse_guest_message(link::to_frame(words));
    {
      const std::lock_guard lock{mutex_};
      said_.push_back(parsed ? std::move(*parsed)
                             : link::LoginNews{1, LoginState::failed, "", parsed.error()});
    }
    arrived_.notify_all();
  }

  TemporaryDirectory home_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<link::GuestMessage> said_;
  std::vector<std::string> opened_;
  int parts_ = 0;
  bool is_over_ = false;
  std::unique_ptr<login::Attempt> attempt_;
  Reactor reactor_;
};

}  // namespace aerie::testing
