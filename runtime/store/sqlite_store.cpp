#include "runtime/store/sqlite_store.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
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
  auto done = database.run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  if (done && options.most_pages > 0)
    done = database.run(("PRAGMA max_page_count = " + std::to_string(options.most_pages)).c_str());
  if (done) done = prepare_schema(database);
  return done;
}

}  // namespace

Result<SqliteStore::Opened> SqliteStore::open(const StoreOptions& options) {
  auto lock = take_lock(options.path + ".lock");
  if (!lock) return tl::unexpected(lock.error());
  auto database = Database::open(options.path);
  if (!database) return tl::unexpected(database.error());
  if (auto done = configure(*database, options); !done) return tl::unexpected(done.error());
  auto contents = read_contents(*database, std::min(options.first_events, options.most_events));
  if (!contents) return tl::unexpected(contents.error());
  auto writer = BatchWriter::prepare(*database);
  if (!writer) return tl::unexpected(writer.error());
  auto pages = Database::open(options.path);
  if (!pages) return tl::unexpected(pages.error());
  const auto pruned = contents->oldest_seq - 1;
  Opened opened;
  opened.store.reset(new SqliteStore(*std::move(lock), *std::move(database), *std::move(pages),
                                     *std::move(writer), options.most_events, pruned));
  opened.contents = *std::move(contents);
  return opened;
}

SqliteStore::SqliteStore(UniqueFd lock, Database database, Database pages, BatchWriter writer,
                         std::size_t most_events, std::uint64_t pruned)
    : lock_(std::move(lock)),
      database_(std::move(database)),
      pages_(std::move(pages)),
      writer_(std::move(writer)),
      most_events_(most_events),
      pruned_(pruned),
      thread_([this] { run(); }) {}

SqliteStore::~SqliteStore() {
  {
    const std::lock_guard guard(mutex_);
    is_ending_ = true;
  }
  wake_.notify_one();
  thread_.join();
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
    if (entries[i].done) entries[i].done(std::move(entries[i].batch), std::move(failure));
  }
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
