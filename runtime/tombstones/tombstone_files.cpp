#include "runtime/tombstones/tombstone_files.hpp"

#include <optional>
#include <utility>

#include "runtime/store/sqlite.hpp"
#include "runtime/tombstones/tombstone_reader.hpp"
#include "runtime/tombstones/tombstone_writer.hpp"

namespace aerie {
namespace {

constexpr std::string_view fresh_ending = ".new";
constexpr std::string_view going_ending = ".going";

std::string going_name(const std::string& session) {
  return "." + session + std::string{going_ending};
}

/// Out of sight in one step, and only then piece by piece: nobody finds half a tombstone.
Result<void> remove_tombstone(const std::string& state, const std::string& session) {
  const auto folder = Folder::open(state + "/tombstones");
  if (!folder) return tl::unexpected(folder.error());
  Result<void> done;
  if (folder->has(session)) {
    done = folder->remove(going_name(session));
    if (done) done = folder->rename(session, going_name(session));
    if (done) done = folder->sync();
  }
  if (done) done = folder->remove(going_name(session));
  if (done) done = folder->sync();
  return done;
}

}  // namespace

/// What lives on the writing thread.
class TombstoneFiles::Writing {
 public:
  Writing(std::string state, Reactor& disk, Json configuration)
      : state_(std::move(state)), disk_(disk), configuration_(std::move(configuration)) {}

  Result<std::int64_t> write(const TombstoneOrder& order) {
    disk_.call([] {});  // every line that was said before is in its file
    const auto folder = Folder::open(state_);
    if (!folder) return tl::unexpected(folder.error());
    if (!database_) {
      auto opened = Database::open(state_ + "/aerie.db");
      if (!opened) return tl::unexpected(opened.error());
      database_.emplace(*std::move(opened));
    }
    auto bytes = TombstoneWriter{*folder, *database_, configuration_, order}.write();
    if (!bytes) database_.reset();  // should it be the connection's fault, the next try has another
    return bytes;
  }

 private:
  std::string state_;
  Reactor& disk_;
  Json configuration_;
  std::optional<Database> database_;
};

TombstoneFiles::TombstoneFiles(std::string state, Reactor& disk, Json configuration)
    : state_(std::move(state)),
      writing_(std::make_shared<Writing>(state_, disk, std::move(configuration))) {}

TombstoneFiles::~TombstoneFiles() = default;

void TombstoneFiles::close() {
  writer_.stop();
  reader_.stop();
}

Result<void> TombstoneFiles::tidy(const std::string& state) {
  const auto folder = Folder::open(state + "/tombstones");
  if (!folder) return tl::unexpected(folder.error());
  if (auto restored = folder->put_back_old(); !restored) return restored;
  for (const auto& name : folder->names())
    if (name.starts_with('.') && (name.ends_with(fresh_ending) || name.ends_with(going_ending)))
      if (auto removed = folder->remove(name); !removed) return removed;
  return {};
}

void TombstoneFiles::write(TombstoneOrder order, Written done) {
  writer_.post([writing = writing_, order = std::move(order), done = std::move(done)] {
    done(writing->write(order));
  });
}

void TombstoneFiles::explain(TombstoneQuestion question, Explained done) {
  reader_.post([state = state_, question = std::move(question), done = std::move(done)] {
    const auto folder = Folder::open(state);
    done(folder ? read_why(*folder, question) : Json(nullptr));
  });
}

void TombstoneFiles::remove(const std::string& session, Removed done) {
  writer_.post([state = state_, session, done = std::move(done)] {
    const auto removed = remove_tombstone(state, session);
    done(removed ? std::nullopt : std::optional{removed.error()});
  });
}

}  // namespace aerie
