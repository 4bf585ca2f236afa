#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace aerie::stream {

/// Why something with a file was not done, in the words that viewers get; empty: it was. One of
/// `bad-name`, `disk-full`, `too-many`, `gone`, `failed`.
using FileFault = std::string_view;

/// A file in the guest's folder of downloads.
struct FileEntry {
  std::string name;
  std::uint64_t bytes = 0;
  std::int64_t changed_ms = 0;  ///< since 1970, UTC
  friend bool operator==(const FileEntry&, const FileEntry&) = default;
};

/// The guest's folder of downloads as transfers use it. Nothing blocks: every call is answered
/// later on the loop's thread, in order of the calls, and not at all once the folder is gone. A
/// transfer's file is named by a ticket that is never used twice.
class Folder {
 public:
  using Ticket = std::uint64_t;
  using Done = std::function<void(FileFault)>;
  using Named = std::function<void(FileFault, std::string name)>;
  using Sized = std::function<void(FileFault, std::uint64_t bytes)>;
  using Read = std::function<void(FileFault, std::string bytes)>;

  Folder() = default;
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  virtual ~Folder() = default;

  /// Begins a file that nobody sees before `finish`. `bytes` must be free on the disk.
  virtual void create(Ticket ticket, std::uint64_t bytes, Done done) = 0;
  virtual void append(Ticket ticket, std::string bytes, Done done) = 0;
  /// Gives the file its name, or one with a number where that is taken: nothing is overwritten.
  virtual void finish(Ticket ticket, std::string name, Named done) = 0;

  virtual void open(Ticket ticket, std::string name, Sized done) = 0;
  /// The next bytes, `most` of them at most; none at the end.
  virtual void read(Ticket ticket, std::size_t most, Read done) = 0;

  /// The transfer is over: what was not finished is deleted.
  virtual void discard(Ticket ticket) = 0;
};

}  // namespace aerie::stream
