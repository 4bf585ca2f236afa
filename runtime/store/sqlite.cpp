#include "runtime/store/sqlite.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sqlite3.h>
#include <system_error>

#include "runtime/process/unique_fd.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

/// The file with its folder's links resolved: SQLite's own check refuses a link anywhere in a path.
std::string resolved(const std::string& path) {
  std::error_code error;
  const auto folder = fs::canonical(fs::absolute(path, error).parent_path(), error);
  return error ? path : (folder / fs::path(path).filename()).string();
}

/// Creates the file readable for us alone; SQLite would go by the umask. One that is there is not
/// even opened: closing it would let go of every lock that this process holds on it (fcntl(2)), and
/// another process could then take the log away from under our other connections.
Result<void> create_private(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const auto code = errno;
  if (fd || code == EEXIST) return {};
  return tl::unexpected(Cause{
      code == ENOSPC ? CauseKind::disk_full : CauseKind::store_failed,
      "The database " + path + " can't be opened: " + std::generic_category().message(code) + ".",
      "Make its folder writable for the user the controller runs as, or choose another with "
      "--state.",
      {}});
}

bool is_disk_full(sqlite3* database, int code) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  return (code & 0xff) == SQLITE_IOERR && sqlite3_system_errno(database) == ENOSPC;
}

std::string remedy_of(int code, const std::string& path) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "Move " + path + " away (it can be examined with sqlite3) and start again.";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "End the other program that uses it.";
    default:
      return "Check the disk and the permissions of its folder.";
  }
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int parameter, std::string_view text) {
  sqlite3_bind_text64(get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Statement::bind(int parameter, std::int64_t number) {
  sqlite3_bind_int64(get(), parameter, number);
}

void Statement::bind(int parameter, std::optional<std::int64_t> number) {
  if (number)
    bind(parameter, *number);
  else
    sqlite3_bind_null(get(), parameter);
}

std::string Statement::text(int column) const {
  const auto* bytes = sqlite3_column_blob(get(), column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(get(), column));
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

std::int64_t Statement::number(int column) const {
  return sqlite3_column_int64(get(), column);
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* database) const {
  sqlite3_close_v2(database);
}

Result<Database> Database::open(const std::string& path) {
  const auto real = resolved(path);
  if (auto created = create_private(real); !created) return tl::unexpected(created.error());
  sqlite3* raw = nullptr;
  constexpr int flags =
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(real.c_str(), &raw, flags, nullptr);
  Database database(raw, real);
  if (code != SQLITE_OK) return tl::unexpected(database.failure(code));
  return database;
}

Result<void> Database::run(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(failure(code));
  return {};
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code != SQLITE_OK) return tl::unexpected(failure(code));
  return Statement(raw);
}

Result<bool> Database::step(Statement& statement) {
  const int code = sqlite3_step(statement.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  // The failure is read before the reset, which would return it once more.
  auto cause = failure(code);
  sqlite3_reset(statement.get());
  return tl::unexpected(std::move(cause));
}

Result<void> Database::finish(Statement& statement) {
  auto more = step(statement);
  while (more && *more)
    more = step(statement);
  sqlite3_reset(statement.get());
  sqlite3_clear_bindings(statement.get());
  if (!more) return tl::unexpected(more.error());
  return {};
}

void Database::roll_back() {
  if (sqlite3_get_autocommit(database_.get()) == 0)
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> Database::check() {
  auto statement = prepare("PRAGMA quick_check(1)");
  if (!statement) return tl::unexpected(statement.error());
  const auto row = step(*statement);
  if (!row) return tl::unexpected(row.error());
  const auto verdict = statement->text(0);
  if (verdict == "ok") return {};
  is_damaged_ = true;
  return tl::unexpected(Cause{CauseKind::store_failed,
                              "The database " + path_ + " is damaged: " + verdict + ".",
                              remedy_of(SQLITE_CORRUPT, path_),
                              {}});
}

Cause Database::failure(int code) {
  if ((code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB) is_damaged_ = true;
  std::string detail =
      database_ != nullptr ? sqlite3_errmsg(database_.get()) : sqlite3_errstr(code);
  const int number = database_ != nullptr ? sqlite3_system_errno(database_.get()) : 0;
  if ((code & 0xff) == SQLITE_IOERR && number != 0)
    detail += ": " + std::generic_category().message(number);
  if (database_ != nullptr && is_disk_full(database_.get(), code))
    return {CauseKind::disk_full,
            "The disk of " + path_ + " is full.",
            "Free space there; what is written from then on is kept.",
            {detail}};
  return {CauseKind::store_failed,
          "The database " + path_ + " failed: " + detail + ".",
          remedy_of(code, path_),
          {}};
}

}  // namespace aerie
