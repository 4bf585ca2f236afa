#include "guest/readiness.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest/display_server.hpp"
#include "guest/options.hpp"
#include "runtime/process/path_watch.hpp"
#include "runtime/process/temporary_directory.hpp"
#include "runtime/process/unique_fd.hpp"
#include "runtime/process/waiting.hpp"

using namespace aerie;
using aerie::testing::Eventually;
using aerie::testing::TemporaryDirectory;

namespace {

/// A condition that is waited for on a reactor.
class Waiting {
 public:
  explicit Waiting(const ReadyCondition& condition) {
    reactor_.call([&] {
      readiness_ = guest::make_readiness(reactor_, condition, [this](std::optional<int>) {
        ++told_;
        ready_.set(true);
      });
    });
  }
  ~Waiting() {
    reactor_.call([this] { readiness_.reset(); });
  }

  void start() {
    reactor_.call([this] { readiness_->on_started(); });
  }
  void line(const std::string& text) {
    reactor_.call([&] { readiness_->on_line({{}, LogLine::Stream::out, text}); });
  }
  /// How often it was told by now; waits for what is posted already.
  int told() {
    int count = 0;
    reactor_.call([&] { count = told_; });
    return count;
  }
  void wait() { ready_.get(); }

 private:
  int told_ = 0;
  Eventually<bool> ready_;
  std::unique_ptr<guest::Readiness> readiness_;
  Reactor reactor_;
};

ReadyCondition condition(ReadyKind kind) {
  ReadyCondition result;
  result.kind = kind;
  return result;
}

/// A socket on the loopback that has a port and does not listen yet.
struct BoundPort {
  BoundPort() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port = ntohs(address.sin_port);
  }

  UniqueFd fd;
  int port = 0;
};

}  // namespace

TEST_CASE("started is ready at once, builtins speak for themselves", "[readiness]") {
  Waiting waiting{condition(ReadyKind::started)};
  CHECK(waiting.told() == 0);
  waiting.start();
  CHECK(waiting.told() == 1);
  Reactor reactor;
  CHECK(guest::make_readiness(reactor, condition(ReadyKind::builtin), {}) == nullptr);
}

TEST_CASE("a line that matches is told once", "[readiness]") {
  auto wanted = condition(ReadyKind::line);
  wanted.pattern = "listening on [0-9]+$";
  Waiting waiting{wanted};
  waiting.start();
  waiting.line("starting");
  CHECK(waiting.told() == 0);
  waiting.line("now listening on 8080");
  CHECK(waiting.told() == 1);
  waiting.line("now listening on 8080");
  CHECK(waiting.told() == 1);
  waiting.line(std::string(1 << 20, 'x'));
}

TEST_CASE("a port is ready when somebody listens", "[readiness]") {
  BoundPort bound;
  auto wanted = condition(ReadyKind::tcp);
  wanted.port = bound.port;
  Waiting waiting{wanted};
  waiting.start();
  CHECK(waiting.told() == 0);
  REQUIRE(::listen(bound.fd.get(), 1) == 0);
  waiting.wait();
}

TEST_CASE("a file is waited for, with its directories, wherever they come from", "[readiness]") {
  const TemporaryDirectory directory;
  auto wanted = condition(ReadyKind::file);
  wanted.path = directory.path() + "/a/b/ready";
  SECTION("made step by step") {
    Waiting waiting{wanted};
    waiting.start();
    REQUIRE(::mkdir((directory.path() + "/a").c_str(), 0700) == 0);
    REQUIRE(::mkdir((directory.path() + "/a/b").c_str(), 0700) == 0);
    std::ofstream{directory.path() + "/a/b/other"} << "";
    std::ofstream{wanted.path} << "";
    waiting.wait();
    CHECK(waiting.told() == 1);
  }
  SECTION("moved into place as a whole") {
    Waiting waiting{wanted};
    waiting.start();
    REQUIRE(::mkdir((directory.path() + "/x").c_str(), 0700) == 0);
    REQUIRE(::mkdir((directory.path() + "/x/b").c_str(), 0700) == 0);
    std::ofstream{directory.path() + "/x/b/ready"} << "";
    REQUIRE(::rename((directory.path() + "/x").c_str(), (directory.path() + "/a").c_str()) == 0);
    waiting.wait();
  }
  SECTION("a link that leads nowhere") {
    wanted.path = directory.path() + "/lock";
    Waiting waiting{wanted};
    waiting.start();
    REQUIRE(::symlink("guest-7", wanted.path.c_str()) == 0);
    waiting.wait();
  }
  SECTION("there already") {
    wanted.path = directory.path();
    Waiting waiting{wanted};
    waiting.start();
    waiting.wait();
  }
}

TEST_CASE("an X cookie's entry fits every display", "[readiness]") {
  using namespace std::string_literals;
  CHECK(guest::authority_entry("0123456789abcdef") ==
        "\xff\xff\0\0\0\0\0\x12MIT-MAGIC-COOKIE-1\0\x10"s + "0123456789abcdef");
}

TEST_CASE("the guest's options are read strictly", "[options]") {
  using Words = std::vector<std::string>;
  const auto options = guest::parse_options({"--listen-fd", "4", "--secret-fd", "3"});
  REQUIRE(options);
  CHECK(options->listen_fd == 4);
  CHECK(options->secret_fd == 3);
  CHECK_THAT(options->stream, Catch::EndsWith("/aerie-stream"));
  CHECK_THAT(options->login, Catch::EndsWith("/aerie-login"));
  for (const auto& words :
       {Words{}, Words{"--socket"}, Words{"--secret-fd", "3"},
        Words{"--socket", "/s", "--listen-fd", "4"}, Words{"--socket", "/s", "--secret-fd", "x"},
        Words{"--socket", "/s", "--secret-fd", "-1"}, Words{"--socket", "/s", "--verbose", "1"}})
    CHECK_FALSE(guest::parse_options(words));
}

TEST_CASE("a secret is 64 hexadecimal digits and its descriptor is closed", "[options]") {
  for (const auto& [text, is_good] :
       std::vector<std::pair<std::string, bool>>{{std::string(64, 'a') + "\n", true},
                                                 {std::string(64, 'A'), false},
                                                 {std::string(63, 'a'), false},
                                                 {"", false}}) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    ::close(ends[1]);
    CHECK(guest::read_secret(ends[0]).has_value() == is_good);
    CHECK(::fcntl(ends[0], F_GETFD) == -1);
  }
}
