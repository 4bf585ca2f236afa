#include "runtime/store/sqlite_store.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <system_error>

#include "runtime/store/schema.hpp"
#include "runtime/store/store_reader.hpp"

namespace aerie {
namespace {

/// How many events beyond the limit gather before they are deleted together.
constexpr std::uint64_t prune_step = 1000;

/// Two controllers on one state directory would each believe to be the only owner of all guests.
Result<UniqueFd> take_lock(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd && flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  const auto code = errno;
  if (fd && code == EWOULDBLOCK)
    return tl::unexpected(Cause{CauseKind::store_failed,
                                "Another controller is using this state directory (" + path + ").",
                                "End it, or choose another directory with --state.",
                                {}});
  return tl::unexpected(
      Cause{code == ENOSPC ? CauseKind::disk_full : CauseKind::store_failed,
            "The lock " + path + " can't be taken: " + std::generic_category().message(code) + ".",
            "Make the state directory writable for the user the controller runs as.",
            {}});
}

Result<void> configure(Database& database, const StoreOptions& options) {
  auto done = database.run(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -512;");
  if (done && options.most_pages > 0)
    done = database.run(("PRAGMA max_page_count = " + std::to_string(options.most_pages)).c_str());
  if (done) done = prepare_schema(database);
  return done;
}

/// Looks whether a database's pages agree with each other, where that takes no time to speak of.
Result<void> check_pages(Database& database, const std::string& path) {
  constexpr std::uintmax_t most_bytes = 16UL * 1024 * 1024;
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  if (error || bytes > most_bytes) return {};
  return database.check();
}

/// Gives a damaged database, with what belongs to it, another name. Returns what there is to tell.
Result<Cause> set_aside(const std::string& path, const Cause& damage) {
  auto name = path + ".damaged-" + to_rfc3339(wall_now());
  for (const auto* ending : {"", "-wal", "-shm"}) {
    std::error_code error;
    std::filesystem::rename(path + ending, name + ending, error);
    if (error && error != std::errc::no_such_file_or_directory)
      return tl::unexpected(
          Cause{CauseKind::store_failed,
                "The damaged database " + path + " can't be set aside: " + error.message() + ".",
                "Move it away and start again.",
                {damage.message}});
  }
  return Cause{CauseKind::store_failed,
               "The database " + path + " was damaged; a new one was begun.",
               "What it held is kept in " + name + "; sqlite3's .recover may read it.",
               {damage.message}};
}

}  // namespace

/// What is open and what it holds.
struct SqliteStore::Connections {
  Database writing;
  Database reading;
  BatchWriter writer;
  StoreContents contents;
  std::uint64_t pruned = 0;

  /// `is_damaged` is set where the file is no database, or one whose pages contradict each other.
  static Result<Connections> make(const StoreOptions& options, bool& is_damaged);
};

Result<SqliteStore::Connections> SqliteStore::Connections::make(const StoreOptions& options,
                                                                bool& is_damaged) {
  auto writing = Database::open(options.path);
  if (!writing) return tl::unexpected(writing.error());
  const auto failed = [&](Cause cause) {
    is_damaged = writing->is_damaged();
    return tl::unexpected(std::move(cause));
  };
  auto checked = configure(*writing, options);
  if (checked) checked = check_pages(*writing, options.path);
  if (!checked) return failed(checked.error());
  auto contents = read_contents(*writing, std::min(options.first_events, options.most_events));
  if (!contents) return failed(contents.error());
  const auto oldest = read_oldest_event(*writing);
  if (!oldest) return failed(oldest.error());
  auto writer = BatchWriter::prepare(*writing);
  if (!writer) return failed(writer.error());
  auto reading = Database::open(options.path);
  if (!reading) return tl::unexpected(reading.error());
  return Connections{*std::move(writing), *std::move(reading), *std::move(writer),
                     *std::move(contents), *oldest - 1};
}

Result<SqliteStore::Opened> SqliteStore::open(const StoreOptions& options) {
  auto lock = take_lock(options.path + ".lock");
  if (!lock) return tl::unexpected(lock.error());
  bool is_damaged = false;
  std::optional<Cause> trouble;
  auto made = Connections::make(options, is_damaged);
  if (!made && is_damaged) {
    auto aside = set_aside(options.path, made.error());
    if (!aside) return tl::unexpected(aside.error());
    trouble = *std::move(aside);
    made = Connections::make(options, is_damaged);
  }
  if (!made) return tl::unexpected(made.error());
  Opened opened;
  opened.contents = std::move(made->contents);
  if (trouble) opened.contents.troubles.push_back(*std::move(trouble));
  opened.store.reset(new SqliteStore(*std::move(lock), *std::move(made), options.most_events));
  return opened;
}

SqliteStore::SqliteStore(UniqueFd lock, Connections connections, std::size_t most_events)
    : lock_(std::move(lock)),
      database_(std::move(connections.writing)),
      pages_(std::move(connections.reading)),
      writer_(std::move(connections.writer)),
      most_events_(most_events),
      pruned_(connections.pruned),
      thread_([this] { run(); }) {}

SqliteStore::~SqliteStore() {
  close();
}

void SqliteStore::close() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard guard(mutex_);
    is_ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
  reader_.stop();
}

void SqliteStore::submit(StoreBatch batch, Done done) {
  {
    const std::lock_guard guard(mutex_);
    queue_.push_back({std::move(batch), std::move(done)});
  }
  wake_.notify_one();
}

void SqliteStore::read_events(EventQuery query, EventsRead done) {
  reader_.post([this, query = std::move(query), done = std::move(done)] {
    done(aerie::read_events(pages_, query));
  });
}

void SqliteStore::run() {
  for (;;) {
    std::deque<Entry> entries;
    {
      std::unique_lock guard(mutex_);
      wake_.wait(guard, [this] { return is_ending_ || !queue_.empty(); });
      if (queue_.empty()) return;
      entries.swap(queue_);
    }
    write_together(entries);
    prune();
  }
}

void SqliteStore::write_together(std::deque<Entry>& entries) {
  const auto together = write_transaction(entries, 0, entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const auto alone =
        together || entries.size() == 1 ? together : write_transaction(entries, i, i + 1);
    std::optional<Cause> failure;
    if (!alone) failure = alone.error();
    if (failure && is_ending()) tell_lost(entries[i].batch, *failure);
    if (entries[i].done) entries[i].done(std::move(entries[i].batch), std::move(failure));
  }
}

bool SqliteStore::is_ending() {
  const std::lock_guard guard(mutex_);
  return is_ending_;
}

/// Nobody will try again.
void SqliteStore::tell_lost(const StoreBatch& batch, const Cause& failure) {
  spdlog::critical("{} writes of the controller's end are lost: {} {}", batch.writes.size(),
                   failure.message, failure.remedy);
}

Result<void> SqliteStore::write_transaction(const std::deque<Entry>& entries, std::size_t first,
                                            std::size_t last) {
  return transaction([&] {
    Result<void> done;
    for (auto i = first; done && i < last; ++i)
      done = writer_.write(database_, entries[i].batch);
    return done;
  });
}

Result<void> SqliteStore::transaction(const std::function<Result<void>()>& writes) {
  auto done = database_.run("BEGIN IMMEDIATE");
  if (done) done = writes();
  if (done) done = database_.run("COMMIT");
  if (!done) database_.roll_back();
  return done;
}

void SqliteStore::prune() {
  const auto last = writer_.last_seq();
  if (last < pruned_ + most_events_ + prune_step) return;
  // A failure here is no one's loss: the next batch tries again.
  const auto upto = last - most_events_;
  if (transaction([&] { return writer_.prune_events(database_, upto); })) pruned_ = upto;
}

}  // namespace aerie
