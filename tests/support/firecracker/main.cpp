#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <string>
#include <unistd.h>

#include "guest/init/boot_options.hpp"
#include "guest/init/vsock_link.hpp"
#include "runtime/drivers/guest_link.hpp"
#include "runtime/process/frame_socket.hpp"
#include "runtime/process/process.hpp"
#include "runtime/process/unix_socket.hpp"
#include "tests/support/firecracker/fake_server.hpp"

namespace {

using namespace aerie;

constexpr int secret_fd = 3;
constexpr int listen_fd = 4;
constexpr Duration last_words{200};

std::string guest_program() {
  return (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "aerie-guest").string();
}

std::string content_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

/// What a kernel and `aerie-init` say on the serial console.
void say(const std::string& line) {
  std::printf("%s\r\n", line.c_str());
  std::fflush(stdout);
}

/// Carries the frames between a host and its guest, and shows those of the host.
class Overheard {
 public:
  /// `host`: where the far end of it is handed to.
  Overheard(Reactor& reactor, UniqueFd guest, UniqueFd& host,
            std::function<void(const Json& frame)> on_frame) {
    auto pair = std::move(unix_socket_pair().value());
    host = std::move(pair.first);
    host_ = std::make_unique<FrameSocket>(
        reactor, std::move(pair.second),
        FrameSocket::Events{[this, on_frame = std::move(on_frame)](const Json& frame) {
                              on_frame(frame);
                              guest_->send(frame);
                            },
                            [](const Cause&) {}});
    guest_ = std::make_unique<FrameSocket>(
        reactor, std::move(guest),
        FrameSocket::Events{[this](const Json& frame) { host_->send(frame); },
                            [](const Cause&) {}});
  }

 private:
  std::unique_ptr<FrameSocket> host_;
  std::unique_ptr<FrameSocket> guest_;
};

/// Brings a guest to where it was when its machine was saved: gives it the profile of then, over a
/// link with the secret of then. False where it does not get there.
bool bring_back(const std::string& socket, const Json& memory) {
  auto configure = link::parse_host_message(memory.at("configure"));
  auto stream = connect_unix(socket);
  if (!configure || !stream) return false;
  std::promise<bool> there;
  Reactor reactor;
  std::unique_ptr<GuestLink> link;
  GuestLink::Events events;
  events.on_linked = [&] { link->send(*configure); };
  events.on_message = [&, told = false](const link::GuestMessage& message) mutable {
    const bool is_word = std::holds_alternative<link::AllReady>(message) ||
                         std::holds_alternative<link::Held>(message);
    if (is_word && !std::exchange(told, true)) there.set_value(true);
  };
  reactor.call([&] {
    link = std::make_unique<GuestLink>(reactor, std::move(*stream),
                                       memory.at("secret").get<std::string>(), std::move(events));
  });
  auto is_there = there.get_future();
  const bool done = is_there.wait_for(std::chrono::seconds{20}) == std::future_status::ready;
  reactor.call([&] { link.reset(); });
  return done;
}

/// A VMM whose guest is a process beside it: Firecracker's API and vsock, the link of a real
/// `aerie-init`, and the real `aerie-guest` beside this program, started at its birth. A snapshot's
/// memory is what brings such a process to where it was. The initrd
/// says what goes wrong: `panic`, `forbidden` (a system call), `silent` (the guest never listens).
class FakeVmm {
 public:
  FakeVmm(Reactor& reactor, std::string api_path, std::function<void(int status)> on_end)
      : reactor_(reactor), directory_(std::filesystem::path{api_path}.parent_path()) {
    end_ = [told = false, on_end = std::move(on_end)](int status) mutable {
      if (!std::exchange(told, true)) on_end(status);
    };
    api_ = std::make_unique<test::FakeFirecracker>(
        reactor_, api_path,
        test::FakeFirecracker::Guest{[this] { boot(); },
                                     [this](std::uint32_t port) { return connect_link(port); },
                                     [this] { end_(1); }});
  }

 private:
  [[nodiscard]] std::string inside(const char* name) const { return (directory_ / name).string(); }

  void boot() {
    if (link_) return;  // it was halted, and goes on
    const auto& source = api_->machine().configuration().at("/boot-source");
    options_ = init::parse_boot_options(source.value("boot_args", std::string{}));
    const auto memory = api_->machine().memory();
    const bool goes_on = memory.is_object();
    if (goes_on) {
      say("fake-firecracker: a snapshot goes on");
      start_guest(memory.at("secret").get<std::string>());
      if (!bring_back(inside("link.sock"), memory)) return end_(1);
    } else if (!reach_user_space(source)) {
      return;
    }
    auto opened =
        init::VsockLink::open(reactor_, std::move(listen_unix(inside("host-port")).value()),
                              {[this](const Json& word) {
                                 if (word.at("type") == "birth")
                                   start_guest(word.value("secret", std::string{}));
                               },
                               [this] { return connect_guest(); }});
    link_ = std::move(opened.value());
    if (goes_on) return;
    say("aerie-init: waiting for the host");
    api_->connect_host(options_.vsock_port.value_or(0));
  }

  /// False where the initrd has it that it does not get there.
  bool reach_user_space(const Json& source) {
    say("Linux version 6.1.0-fake (nobody@nowhere)");
    say("Command line: " + source.value("boot_args", std::string{}));
    const auto fault = content_of(source.value("initrd_path", std::string{}));
    if (fault == "panic") {
      say("Kernel panic - not syncing: sysrq triggered crash");
      end_(0);
    }
    if (fault == "forbidden") end_(148);
    return fault.empty();
  }

  UniqueFd connect_link(std::uint32_t port) {
    if (!link_ || options_.vsock_port != port) return {};
    auto connected = connect_unix(inside("host-port"));
    return connected ? std::move(*connected) : UniqueFd{};
  }

  UniqueFd connect_guest() {
    if (!guest_) return {};
    UniqueFd host;
    overheard_ =
        std::make_unique<Overheard>(reactor_, std::move(connect_unix(inside("link.sock")).value()),
                                    host, [this](const Json& frame) {
                                      if (frame.value("type", std::string{}) != "configure") return;
                                      api_->remember({{"secret", secret_}, {"configure", frame}});
                                    });
    return host;
  }

  void start_guest(const std::string& secret) {
    if (guest_) return;
    secret_ = secret;
    listener_ = std::move(listen_unix(inside("link.sock")).value());
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) return end_(1);
    const UniqueFd reader{ends[0]};
    const UniqueFd writer{ends[1]};
    if (::write(writer.get(), secret.data(), secret.size()) < 0) return end_(1);
    SpawnRequest request;
    request.argv = {guest_program(), "--listen-fd", std::to_string(listen_fd), "--secret-fd",
                    std::to_string(secret_fd)};
    request.env = {{"PATH", "/usr/bin:/bin"}, {"HOME", "/tmp"}};
    request.fds = {{reader.get(), secret_fd}, {listener_.get(), listen_fd}};
    auto started = Process::start(reactor_, "guest", request,
                                  {[](const std::vector<LogLine>& lines) {
                                     for (const auto& line : lines)
                                       say("aerie-init: " + line.text);
                                   },
                                   [this](const ExitRecord& exit) {
                                     say("aerie-init: the guest's supervisor: " + exit.message);
                                     // Its last words are still on their way, as in a machine.
                                     reactor_.after(last_words, [this] { end_(0); });
                                   },
                                   {}});
    if (!started) return end_(1);
    guest_ = std::move(*started);
  }

  Reactor& reactor_;
  std::filesystem::path directory_;  ///< may be the working one, which a jailed user can't name
  std::function<void(int)> end_;
  init::BootOptions options_;
  UniqueFd listener_;
  std::unique_ptr<init::MachineLink> link_;
  std::string secret_;
  std::unique_ptr<Process> guest_;
  std::unique_ptr<Overheard> overheard_;
  std::unique_ptr<test::FakeFirecracker> api_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count == 2 && std::string{arguments[1]} == "--version") {
    std::printf("Firecracker v1.12.0\n");
    return 0;
  }
  std::string api_path;
  for (int i = 1; i + 1 < count; ++i)
    if (std::string{arguments[i]} == "--api-sock") api_path = arguments[i + 1];
  if (api_path.empty()) return 153;  // as Firecracker calls arguments that it does not know

  std::promise<int> ended;
  std::unique_ptr<FakeVmm> vmm;
  Reactor reactor;
  reactor.call([&] {
    vmm =
        std::make_unique<FakeVmm>(reactor, api_path, [&](int status) { ended.set_value(status); });
  });
  const int status = ended.get_future().get();
  reactor.call([&] { vmm.reset(); });
  return status;
}
