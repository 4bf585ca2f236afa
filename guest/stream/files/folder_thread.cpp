#include "guest/stream/files/folder_thread.hpp"

#include <array>
#include <sys/inotify.h>
#include <unistd.h>
#include <utility>

#include "guest/stream/log.hpp"

namespace aerie::stream {
namespace {

constexpr std::chrono::milliseconds burst{200};
constexpr std::uint32_t watched = IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
                                  IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW;

}  // namespace

FolderThread::FolderThread(EventLoop& loop, std::string home,
                           std::function<void(std::vector<FileEntry>)> changed)
    : loop_(loop),
      changed_(std::move(changed)),
      changes_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      thread_([this, home = std::move(home)] { run(home); }) {
  if (changes_)
    changes_watch_ = loop_.watch(changes_.get(), G_IO_IN, [this](GIOCondition) { take_changes(); });
  else
    log_line("no inotify: files that appear in the guest are not told of");
  look();
}

FolderThread::~FolderThread() {
  *alive_ = false;
  {
    const std::scoped_lock lock{mutex_};
    is_ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void FolderThread::run(const std::string& home) {
  Downloads downloads{home};
  while (true) {
    Job job;
    {
      std::unique_lock lock{mutex_};
      wake_.wait(lock, [this] { return is_ending_ || !jobs_.empty(); });
      // What was ordered before the end is done: it deletes what is unfinished.
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    if (auto answer = job(downloads))
      loop_.post([alive = alive_, answer = std::move(answer)] {
        if (*alive) answer();
      });
  }
}

void FolderThread::order(Job job) {
  {
    const std::scoped_lock lock{mutex_};
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void FolderThread::create(Ticket ticket, std::uint64_t bytes, Done done) {
  order([=](Downloads& downloads) -> Answer {
    return [done, fault = downloads.create(ticket, bytes)] { done(fault); };
  });
}

void FolderThread::append(Ticket ticket, std::string bytes, Done done) {
  order([=, bytes = std::move(bytes)](Downloads& downloads) -> Answer {
    return [done, fault = downloads.append(ticket, bytes)] { done(fault); };
  });
}

void FolderThread::finish(Ticket ticket, std::string name, Named done) {
  order([=, name = std::move(name)](Downloads& downloads) -> Answer {
    return [done, named = downloads.finish(ticket, name)] {
      named ? done({}, *named) : done(named.error(), {});
    };
  });
}

void FolderThread::open(Ticket ticket, std::string name, Sized done) {
  order([=, name = std::move(name)](Downloads& downloads) -> Answer {
    return [done, size = downloads.open(ticket, name)] {
      size ? done({}, *size) : done(size.error(), 0);
    };
  });
}

void FolderThread::read(Ticket ticket, std::size_t most, Read done) {
  order([=](Downloads& downloads) -> Answer {
    return [done, bytes = downloads.read(ticket, most)] {
      bytes ? done({}, *bytes) : done(bytes.error(), {});
    };
  });
}

void FolderThread::discard(Ticket ticket) {
  order([=](Downloads& downloads) -> Answer {
    downloads.discard(ticket);
    return {};
  });
}

void FolderThread::record(Ticket ticket, std::function<void(FileFault, UniqueFd)> done) {
  order([=](Downloads& downloads) -> Answer {
    auto file = downloads.record(ticket);
    const FileFault fault = file ? FileFault{} : file.error();
    const auto shared = std::make_shared<UniqueFd>(file ? std::move(*file) : UniqueFd{});
    return [done, fault, shared] { done(fault, std::move(*shared)); };
  });
}

void FolderThread::take_changes() {
  std::array<char, 4096> events{};
  while (::read(changes_.get(), events.data(), events.size()) > 0) {
  }
  if (!changes_pause_) changes_pause_ = loop_.after(burst, [this] { look(); });
}

void FolderThread::look() {
  changes_pause_.cancel();
  order([this](Downloads& downloads) -> Answer {
    auto files = downloads.list();
    return [this, files = std::move(files), path = downloads.path()] {
      // Of a folder that is watched already nothing changes; one that was made anew is watched.
      if (changes_) ::inotify_add_watch(changes_.get(), path.c_str(), watched);
      changed_(files);
    };
  });
}

}  // namespace aerie::stream
