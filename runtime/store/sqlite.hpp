#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "messages/cause.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace aerie {

/// One prepared statement. Parameters and columns count as SQLite counts them: from 1 and from 0.
class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  void bind(int parameter, std::string_view text);
  void bind(int parameter, std::int64_t number);
  void bind(int parameter, std::optional<std::int64_t> number);

  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t number(int column) const;
  [[nodiscard]] bool is_null(int column) const;

  [[nodiscard]] sqlite3_stmt* get() const { return statement_.get(); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One connection to a database file, for one thread at a time. Failures are `disk-full` where the
/// disk (or the page limit) is full and `store-failed` else, naming the file.
class Database {
 public:
  /// Opens or creates the file; the last part of the path may not be a symbolic link.
  static Result<Database> open(const std::string& path);

  /// Runs statements that return nothing of interest, separated by `;`.
  Result<void> run(const char* sql);
  Result<Statement> prepare(const char* sql);
  /// True: a row is there. False: the statement is done.
  Result<bool> step(Statement& statement);
  /// Runs a prepared statement to its end, so that it can be bound anew.
  Result<void> finish(Statement& statement);
  /// Fails where the database's pages contradict each other (`PRAGMA quick_check`).
  Result<void> check();
  /// True once a failure has shown that the file is damaged, or no database.
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }
  /// Undoes the open transaction, if there is one.
  void roll_back();

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };

  Database(sqlite3* database, std::string path) : database_(database), path_(std::move(path)) {}
  [[nodiscard]] Cause failure(int code);

  std::unique_ptr<sqlite3, Close> database_;
  std::string path_;
  bool is_damaged_ = false;
};

}  // namespace aerie
