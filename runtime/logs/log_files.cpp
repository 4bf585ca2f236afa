#include "runtime/logs/log_files.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <utility>

#include "runtime/logs/console_followers.hpp"
#include "runtime/tombstones/folder.hpp"

namespace aerie {

namespace fs = std::filesystem;

namespace {

/// One line as text: raw for one child, led by its child's name where all are merged.
std::string as_text(const Json& line, const LogQuery& query) {
  const auto text = line.value("line", "") + "\n";
  return query.child.empty() ? line.value("child", "") + ": " + text : text;
}

std::string render(const std::string& encoded, const Json& line, const LogQuery& query) {
  return query.jsonl ? encoded + "\n" : as_text(line, query);
}

std::uint64_t next_follower() {
  static std::atomic<std::uint64_t> next{1};
  return next++;
}

bool is_wanted(const Json& line, const LogQuery& query) {
  return query.child.empty() || line.value("child", "") == query.child;
}

}  // namespace

/// What lives on the disk's thread.
class LogFiles::Files {
 public:
  Files(Reactor& disk, std::string state, std::uint64_t most_bytes)
      : console_followers_(disk), state_(std::move(state)), most_bytes_(most_bytes) {}

  void append(const std::string& vm, const link::LogLines& lines, Instant at);
  void assign(const std::string& vm, const std::string& session);
  void close(const std::string& session);
  [[nodiscard]] std::optional<Cause> remove(const std::string& session);
  [[nodiscard]] std::string read(const LogQuery& query) const;
  void follow(std::uint64_t number, LogQuery query, Chunk chunk);
  void follow_console(std::uint64_t number, const ConsoleQuery& query, LiveConsole live);
  void unfollow(std::uint64_t number) {
    followers_.erase(number);
    consoles_.erase(number);
    console_followers_.remove(number);
  }
  [[nodiscard]] std::uint64_t dropped_bytes() const { return dropped_bytes_; }
  [[nodiscard]] std::optional<std::string> read_console(const ConsoleQuery& query) const {
    const auto folder = Folder::open(state_);
    return folder ? aerie::read_console(*folder, query) : std::nullopt;
  }

 private:
  /// The open files of one guest.
  struct Writer {
    std::string session;
    std::string directory;
    std::map<std::string, UniqueFd> children;
    UniqueFd merged;
    std::uint64_t lines = 0;
    std::uint64_t bytes = 0;
    std::uint64_t dropped = 0;    ///< beyond the bound
    std::uint64_t unwritten = 0;  ///< that the disk did not take
    int error = 0;                ///< why
  };
  struct Follower {
    LogQuery query;
    Chunk chunk;
  };

  struct ConsoleReader {
    std::string session;
    LiveConsole live;
  };

  Writer& writer_of(const std::string& vm);
  static void follow_earlier(Writer& writer);
  void append_line(Writer& writer, const std::string& child, bool is_error, const std::string& text,
                   Instant at);
  /// False when the disk does not take it.
  bool write(Writer& writer, UniqueFd& file, const std::string& name, const std::string& bytes);
  void note(Writer& writer, const std::string& text, Instant at);
  void put(Writer& writer, const std::string& child, bool is_error, const std::string& text,
           Instant at);
  [[nodiscard]] std::string session_directory(const std::string& session) const {
    return state_ + "/sessions/" + session + "/logs";
  }

  ConsoleFollowers console_followers_;
  std::string state_;
  std::uint64_t most_bytes_;
  std::map<std::string, Writer> writers_;  ///< by VM
  std::map<std::uint64_t, Follower> followers_;
  std::map<std::uint64_t, ConsoleReader> consoles_;
  std::atomic<std::uint64_t> dropped_bytes_ = 0;
};

LogFiles::Files::Writer& LogFiles::Files::writer_of(const std::string& vm) {
  auto& writer = writers_[vm];
  if (writer.directory.empty()) writer.directory = state_ + "/vms/" + vm + "/logs";
  return writer;
}

void LogFiles::Files::append(const std::string& vm, const link::LogLines& lines, Instant at) {
  auto& writer = writer_of(vm);
  for (const auto& text : lines.lines)
    append_line(writer, lines.child, lines.is_error, text, at);
}

void LogFiles::Files::append_line(Writer& writer, const std::string& child, bool is_error,
                                  const std::string& text, Instant at) {
  if (writer.bytes > most_bytes_) {
    ++writer.dropped;
    dropped_bytes_ += text.size() + 1;
    return;
  }
  if (writer.unwritten > 0) {
    const auto lost = std::exchange(writer.unwritten, 0);
    note(writer,
         std::to_string(lost) + " lines were not written here: " + std::strerror(writer.error), at);
    // Still not: the count goes on, and this line is one of them.
    if (writer.unwritten > 0) {
      writer.unwritten = lost + 1;
      return;
    }
  }
  put(writer, child, is_error, text, at);
  if (writer.bytes > most_bytes_)
    note(writer,
         "the log has reached its " + std::to_string(most_bytes_) +
             " bytes; what follows is dropped",
         at);
}

/// A line of our own, under the guest's name.
void LogFiles::Files::note(Writer& writer, const std::string& text, Instant at) {
  put(writer, "guest", true, "aerie: " + text, at);
}

void LogFiles::Files::put(Writer& writer, const std::string& child, bool is_error,
                          const std::string& text, Instant at) {
  const Json line{{"n", ++writer.lines},
                  {"at", to_rfc3339(at)},
                  {"child", child},
                  {"stream", is_error ? "stderr" : "stdout"},
                  {"line", text}};
  const auto encoded = line.dump(-1, ' ', false, Json::error_handler_t::replace);
  const bool is_kept = write(writer, writer.children[child], child + ".log", text + "\n") &&
                       write(writer, writer.merged, "merged.jsonl", encoded + "\n");
  if (!is_kept && writer.unwritten++ == 0)
    spdlog::error(
        "The log of a child of session '{}' can't be written to {}: {}. Free space there.",
        writer.session, writer.directory, std::strerror(writer.error));
  for (const auto& [number, follower] : followers_)
    if (follower.query.session == writer.session && is_wanted(line, follower.query))
      follower.chunk(render(encoded, line, follower.query), false);
}

bool LogFiles::Files::write(Writer& writer, UniqueFd& file, const std::string& name,
                            const std::string& bytes) {
  if (!file) {
    std::error_code error;
    fs::create_directories(writer.directory, error);
    const auto path = writer.directory + "/" + name;
    file.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  }
  const auto written = file ? ::write(file.get(), bytes.data(), bytes.size()) : -1;
  if (written > 0) writer.bytes += static_cast<std::uint64_t>(written);
  if (written == static_cast<ssize_t>(bytes.size())) return true;
  writer.error = written < 0 ? errno : ENOSPC;
  return false;
}

void LogFiles::Files::assign(const std::string& vm, const std::string& session) {
  auto& writer = writer_of(vm);
  if (writer.session == session) return;
  const auto target = session_directory(session);
  std::error_code error;
  fs::create_directories(fs::path{target}.parent_path(), error);
  // A fresh guest in place of a lost one goes on in the logs that are there.
  if (fs::exists(writer.directory, error) && !fs::exists(target, error))
    fs::rename(writer.directory, target, error);
  writer.children.clear();
  writer.merged.reset();
  writer.session = session;
  writer.directory = target;
  for (const auto& [other, each] : writers_)
    if (other != vm && each.session == session) writer.lines = std::max(writer.lines, each.lines);
  if (writer.lines == 0) follow_earlier(writer);
}

/// The lines of a controller before: ours go on after them, and under the same bound.
void LogFiles::Files::follow_earlier(Writer& writer) {
  std::ifstream merged{writer.directory + "/merged.jsonl"};
  for (std::string line; std::getline(merged, line);)
    ++writer.lines;
  std::error_code error;
  for (const auto& file : fs::directory_iterator{writer.directory, error}) {
    const auto bytes = file.file_size(error);
    if (!error) writer.bytes += bytes;
  }
}

void LogFiles::Files::close(const std::string& session) {
  for (auto& [vm, writer] : writers_)
    if (writer.session == session && writer.dropped > 0)
      note(writer, std::to_string(writer.dropped) + " lines were dropped from there on",
           wall_now());
  std::erase_if(writers_, [&](const auto& entry) { return entry.second.session == session; });
  std::erase_if(followers_, [&](const auto& entry) {
    if (entry.second.query.session != session) return false;
    entry.second.chunk({}, true);
    return true;
  });
  std::erase_if(consoles_, [&](const auto& entry) {
    if (entry.second.session != session) return false;
    console_followers_.remove(entry.first);
    entry.second.live(std::string{}, true);
    return true;
  });
}

std::optional<Cause> LogFiles::Files::remove(const std::string& session) {
  close(session);
  const auto folder = Folder::open(state_ + "/sessions");
  if (!folder) return folder.error();
  const auto removed = folder->remove(session);
  return removed ? std::nullopt : std::optional{removed.error()};
}

std::string LogFiles::Files::read(const LogQuery& query) const {
  std::ifstream file{session_directory(query.session) + "/merged.jsonl"};
  if (!file) file.open(state_ + "/tombstones/" + query.session + "/logs/merged.jsonl");
  std::deque<std::string> lines;
  std::string encoded;
  while (std::getline(file, encoded)) {
    const auto line = Json::parse(encoded, nullptr, /*allow_exceptions=*/false);
    if (!line.is_object() || !is_wanted(line, query)) continue;
    lines.push_back(render(encoded, line, query));
    if (query.tail && lines.size() > *query.tail) lines.pop_front();
  }
  std::string text;
  for (const auto& line : lines)
    text += line;
  return text;
}

void LogFiles::Files::follow(std::uint64_t number, LogQuery query, Chunk chunk) {
  auto kept = read(query);
  const bool is_living = std::any_of(writers_.begin(), writers_.end(), [&](const auto& entry) {
    return entry.second.session == query.session;
  });
  chunk(std::move(kept), !is_living);
  if (is_living) followers_[number] = {std::move(query), std::move(chunk)};
}

void LogFiles::Files::follow_console(std::uint64_t number, const ConsoleQuery& query,
                                     LiveConsole live) {
  const auto folder = Folder::open(state_);
  auto file = folder ? folder->find_file("vms/" + query.vm + "/console.log") : std::nullopt;
  if (!file) return live(read_console(query), true);
  const auto text = folder->read("vms/" + query.vm + "/console.log", max_console_size);
  if (!text) return live(std::nullopt, true);
  const auto at = static_cast<std::int64_t>(text->size());
  live(query.tail ? last_lines(*text, *query.tail) : *text, false);
  consoles_[number] = {query.session ? query.session->id : std::string{}, live};
  console_followers_.add(number, std::move(*file), at,
                         {[live](std::string more) { live(std::move(more), false); },
                          [this, number, live] {
                            consoles_.erase(number);
                            live(std::string{}, true);
                          }});
}

// -- from any thread ------------------------------------------------------------------------------

LogFiles::LogFiles(Reactor& disk, std::string state, std::uint64_t most_bytes)
    : disk_(disk), files_(std::make_shared<Files>(disk, std::move(state), most_bytes)) {}

LogFiles::~LogFiles() = default;

void LogFiles::append(const std::string& vm, const link::LogLines& lines, Instant at) {
  disk_.post([files = files_, vm, lines, at] { files->append(vm, lines, at); });
}

void LogFiles::assign(const std::string& vm, const std::string& session) {
  disk_.post([files = files_, vm, session] { files->assign(vm, session); });
}

void LogFiles::close(const std::string& session) {
  disk_.post([files = files_, session] { files->close(session); });
}

void LogFiles::remove(const std::string& session, Removed done) {
  disk_.post([files = files_, session, done = std::move(done)] { done(files->remove(session)); });
}

void LogFiles::read(LogQuery query, Chunk chunk) {
  disk_.post([files = files_, query = std::move(query), chunk = std::move(chunk)] {
    chunk(files->read(query), true);
  });
}

std::uint64_t LogFiles::follow(LogQuery query, Chunk chunk) {
  const auto number = next_follower();
  disk_.post([files = files_, number, query = std::move(query), chunk = std::move(chunk)] {
    files->follow(number, query, chunk);
  });
  return number;
}

std::uint64_t LogFiles::follow_console(ConsoleQuery query, LiveConsole live) {
  const auto number = next_follower();
  disk_.post([files = files_, number, query = std::move(query), live = std::move(live)] {
    files->follow_console(number, query, live);
  });
  return number;
}

void LogFiles::read_console(ConsoleQuery query, Console done) {
  disk_.post([files = files_, query = std::move(query), done = std::move(done)] {
    done(files->read_console(query));
  });
}

std::uint64_t LogFiles::dropped_bytes() const {
  return files_->dropped_bytes();
}

void LogFiles::unfollow(std::uint64_t follower) {
  disk_.post([files = files_, follower] { files->unfollow(follower); });
}

}  // namespace aerie
