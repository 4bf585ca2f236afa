// A frame of the operators' full screen with 10,000 actors: from an item of `watch` to the last
// byte that the terminal was sent.
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <thread>
#include <unistd.h>

#include "benchmarks/support/benchmark_main.hpp"
#include "benchmarks/support/report.hpp"
#include "runtime/cli/screen/screen.hpp"
#include "runtime/process/unique_fd.hpp"
#include "tests/support/temporary_directory.hpp"

using namespace aerie;

namespace {

constexpr int sessions = 1'250;  ///< of 8 actors each
constexpr int frames = 100;
constexpr int changes = 200;  ///< nodes that an item of a busy second tells of

std::string id_of(int session, const std::string& part) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%08x-0000-4000-8000-%s", session, part.c_str());
  return text.data();
}

Json node(const std::string& id, const std::string& parent, const std::string& kind,
          const std::string& name, int processed) {
  Json json{{"id", id},
            {"parent", parent.empty() ? Json(nullptr) : Json(parent)},
            {"kind", kind},
            {"name", name},
            {"state", "ready"},
            {"mailbox", processed % 3},
            {"processed", processed},
            {"restarts", 0},
            {"since", "2026-01-01T00:00:00.000Z"},
            {"messagesPerSecond", processed % 50}};
  if (kind == "child") json["pid"] = 1000 + processed;
  return json;
}

/// What there is of one session.
void add_session(Json& nodes, int number, int processed) {
  const auto session = id_of(number, "session00000");
  const auto vm = id_of(number, "vm0000000000");
  nodes.push_back(node(vm, "node", "vm", "vm", processed));
  for (const auto* child : {"display", "window-manager", "browser", "stream"})
    nodes.push_back(node(vm + "/" + child, vm, "child", child, processed));
  nodes.push_back(node(session, "node", "session", "session", processed));
  nodes.push_back(node(session + "/s", session, "stream", "stream", processed));
  nodes.push_back(node(session + "/p", session, "peer", "peer", processed));
}

Json whole() {
  Json nodes = Json::array();
  nodes.push_back(node("root", "", "root", "root", 0));
  nodes.push_back(node("node", "root", "node", "node", 0));
  for (int i = 0; i < sessions; ++i)
    add_session(nodes, i, 1);
  return {{"full", true}, {"nodes", std::move(nodes)}, {"removed", Json::array()}};
}

Json change(int frame) {
  Json nodes = Json::array();
  for (int i = 0; nodes.size() < changes; ++i)
    add_session(nodes, (frame * 17 + i) % sessions, frame);
  return {{"full", false}, {"nodes", std::move(nodes)}, {"removed", Json::array()}};
}

/// A pseudo-terminal as this process's own, whose other end reads whatever comes.
class Terminal {
 public:
  Terminal(unsigned short width, unsigned short height)
      : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0)
      throw std::runtime_error("no pseudo-terminal");
    UniqueFd slave(::open(::ptsname(master_.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    const winsize size{height, width, 0, 0};
    if (!slave || ::ioctl(slave.get(), TIOCSWINSZ, &size) != 0)
      throw std::runtime_error("no pseudo-terminal of that size");
    std::fflush(stdout);
    for (const int fd : {0, 1}) {
      before_[static_cast<std::size_t>(fd)].reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
      ::dup2(slave.get(), fd);
    }
    reader_ = std::thread([fd = master_.get()] {
      std::array<char, 64 * 1024> chunk{};
      while (::read(fd, chunk.data(), chunk.size()) > 0) {
      }
    });
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  ~Terminal() {
    std::fflush(stdout);
    // The last of the terminal's own ends: the reader's read(2) fails then.
    for (const int fd : {0, 1})
      ::dup2(before_[static_cast<std::size_t>(fd)].get(), fd);
    reader_.join();
  }

 private:
  UniqueFd master_;
  std::array<UniqueFd, 2> before_;
  std::thread reader_;
};

/// Somebody who listens, so that the screen can be made; it is never asked anything.
class Listener {
 public:
  explicit Listener(const std::string& state)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto path = state + "/console.sock";
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd_.get(), 1) != 0)
      throw std::runtime_error("no socket at " + path);
  }

 private:
  UniqueFd fd_;
};

std::vector<double> measure(unsigned short width, unsigned short height) {
  const test::TemporaryDirectory state;
  const Listener listener{state.path().string()};
  auto client = cli::ConsoleClient::connect(state.path().string());
  if (!client) throw std::runtime_error(client.error().message);
  std::vector<double> times;
  const Terminal terminal{width, height};
  cli::Screen screen{std::move(*client)};
  screen.show(whole());
  for (int frame = 0; frame < frames; ++frame) {
    const auto item = change(frame);
    const auto began = std::chrono::steady_clock::now();
    screen.show(item);
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began)
            .count());
  }
  return times;
}

void run(const std::string& path) {
  ::setenv("TERM", "xterm-256color", 1);
  ::setenv("LC_ALL", "C.UTF-8", 1);
  const auto small = measure(80, 24);
  const auto large = measure(200, 60);
  bench::Report report("console_frame", "A frame of the operators' screen with 10,000 actors");
  report.add("80 by 24", "ms", small, {.p99 = 16});
  report.add("200 by 60", "ms", large, {.p99 = 16});
  if (!report.write(path)) throw std::runtime_error("a target was missed");
}

}  // namespace

int main(int count, char** arguments) {
  return bench::benchmark_main(count, arguments, "console_frame.json", run);
}
