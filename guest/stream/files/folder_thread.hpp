#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "guest/stream/event_loop.hpp"
#include "guest/stream/files/downloads.hpp"
#include "guest/stream/files/folder.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::stream {

/// The folder of downloads, used by a thread of its own, and watched (inotify(7)). Lives on the
/// loop's thread. A transfer has a few calls under way at most, so the queue is short.
class FolderThread final : public Folder {
 public:
  /// `changed` is called with the list of files at first, and after each burst of changes.
  FolderThread(EventLoop& loop, std::string home,
               std::function<void(std::vector<FileEntry>)> changed);
  ~FolderThread() override;

  void create(Ticket ticket, std::uint64_t bytes, Done done) override;
  void append(Ticket ticket, std::string bytes, Done done) override;
  void finish(Ticket ticket, std::string name, Named done) override;
  void open(Ticket ticket, std::string name, Sized done) override;
  void read(Ticket ticket, std::size_t most, Read done) override;
  void discard(Ticket ticket) override;

  /// As `create`, for somebody else to write to; what is not finished is kept all the same.
  void record(Ticket ticket, std::function<void(FileFault, UniqueFd)> done);

 private:
  using Answer = std::function<void()>;  ///< runs on the loop's thread
  using Job = std::function<Answer(Downloads&)>;

  void run(const std::string& home);
  void order(Job job);
  void take_changes();
  void look();

  EventLoop& loop_;
  std::function<void(std::vector<FileEntry>)> changed_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  ///< read on the loop's thread
  UniqueFd changes_;
  EventSource changes_watch_;
  EventSource changes_pause_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace aerie::stream
