#include "guest/readiness.hpp"

#include <charconv>
#include <filesystem>
#include <map>
#include <regex>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "guest/connect_probe.hpp"
#include "runtime/process/path_watch.hpp"

namespace aerie::guest {
namespace {

/// std::regex recurses by the length of its input.
constexpr std::size_t most_matched_bytes = 2048;

class WhenStarted final : public Readiness {
 public:
  explicit WhenStarted(OnReady on_ready) : on_ready_(std::move(on_ready)) {}
  void on_started() override { on_ready_({}); }

 private:
  OnReady on_ready_;
};

class WhenLine final : public Readiness {
 public:
  WhenLine(const std::string& pattern, OnReady on_ready)
      : pattern_(pattern, std::regex::ECMAScript), on_ready_(std::move(on_ready)) {}

  void on_line(const LogLine& line) override {
    if (told_ || !std::regex_search(line.text.substr(0, most_matched_bytes), pattern_)) return;
    told_ = true;
    on_ready_({});
  }

 private:
  std::regex pattern_;
  OnReady on_ready_;
  bool told_ = false;
};

class WhenPort final : public Readiness {
 public:
  WhenPort(Reactor& reactor, int port, OnReady on_ready)
      : reactor_(reactor), port_(port), on_ready_(std::move(on_ready)) {}

  void on_started() override {
    const auto [address, length] = loopback_address(port_);
    probe_ = std::make_unique<ConnectProbe>(reactor_, address, length, [this] { on_ready_({}); });
  }

 private:
  Reactor& reactor_;
  int port_;
  OnReady on_ready_;
  std::unique_ptr<ConnectProbe> probe_;
};

class WhenFile final : public Readiness {
 public:
  WhenFile(Reactor& reactor, const std::string& path, OnReady on_ready)
      : reactor_(reactor), path_(path), on_ready_(std::move(on_ready)) {}

  void on_started() override {
    watch_ = std::make_unique<PathWatch>(
        reactor_, std::filesystem::path{path_}.parent_path().string(), [this] { look(); });
  }

 private:
  void look() {
    std::error_code error;
    // A symbolic link counts itself: what it names need not be a file (a browser's lock).
    if (told_ || !std::filesystem::exists(std::filesystem::symlink_status(path_, error))) return;
    told_ = true;
    on_ready_({});
  }

  Reactor& reactor_;
  std::string path_;
  OnReady on_ready_;
  bool told_ = false;
  std::unique_ptr<PathWatch> watch_;
};

/// The first display that accepts a connection.
class WhenDisplay final : public Readiness {
 public:
  WhenDisplay(Reactor& reactor, OnReady on_ready)
      : reactor_(reactor), on_ready_(std::move(on_ready)) {
    make_x11_directory();
  }

  void on_started() override {
    watch_ = std::make_unique<PathWatch>(reactor_, x11_directory, [this] { look(); });
  }

 private:
  void look() {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator{x11_directory, error}) {
      const auto name = entry.path().filename().string();
      int number = 0;
      const auto* end = name.data() + name.size();
      const auto [stop, failure] = std::from_chars(name.data() + 1, end, number);
      if (!name.starts_with('X') || failure != std::errc{} || stop != end) continue;
      if (told_ || probes_.contains(number)) continue;
      const auto [address, length] = unix_address(entry.path().string());
      probes_[number] = std::make_unique<ConnectProbe>(reactor_, address, length,
                                                       [this, number] { tell(number); });
    }
  }

  void tell(int number) {
    if (std::exchange(told_, true)) return;
    // The others would go on trying; this one is done, and runs this very call.
    std::erase_if(probes_, [&](const auto& probe) { return probe.first != number; });
    on_ready_(number);
  }

  Reactor& reactor_;
  OnReady on_ready_;
  bool told_ = false;
  std::map<int, std::unique_ptr<ConnectProbe>> probes_;
  std::unique_ptr<PathWatch> watch_;
};

}  // namespace

void make_x11_directory() {
  ::mkdir(x11_directory, 0777);
  ::chmod(x11_directory, 01777);  // the mode above is narrowed by the umask
}

std::unique_ptr<Readiness> make_readiness(Reactor& reactor, const ReadyCondition& condition,
                                          Readiness::OnReady on_ready) {
  switch (condition.kind) {
    case ReadyKind::started:
      return std::make_unique<WhenStarted>(std::move(on_ready));
    case ReadyKind::line:
      return std::make_unique<WhenLine>(condition.pattern, std::move(on_ready));
    case ReadyKind::tcp:
      return std::make_unique<WhenPort>(reactor, condition.port, std::move(on_ready));
    case ReadyKind::file:
      return std::make_unique<WhenFile>(reactor, condition.path, std::move(on_ready));
    case ReadyKind::x11:
      return std::make_unique<WhenDisplay>(reactor, std::move(on_ready));
    case ReadyKind::builtin:
      break;
  }
  return nullptr;
}

}  // namespace aerie::guest
