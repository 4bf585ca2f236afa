#pragma once

#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "guest/stream/files/folder.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::stream {

/// `Downloads` in a home directory, with blocking calls. The guest's programs may put anything
/// there: all is opened beneath the home without following a link (openat2(2)), and only regular
/// files are read. What is not complete has a hidden name of its own and is deleted with the
/// transfer, or, where a streamer was killed, by the next one.
class Downloads {
 public:
  static constexpr std::size_t most_files = 1000;  ///< in the folder, for more to be taken
  static constexpr std::size_t most_listed = 100;

  /// Makes the folder where it is missing, and clears what an earlier streamer left unfinished.
  explicit Downloads(std::string home);

  [[nodiscard]] std::string path() const { return home_ + "/Downloads"; }

  [[nodiscard]] FileFault create(Folder::Ticket ticket, std::uint64_t bytes);
  /// A file for somebody else to write to, beside this object's own descriptor of it. One that a
  /// streamer did not live to finish is named by the next.
  [[nodiscard]] tl::expected<UniqueFd, FileFault> record(Folder::Ticket ticket);
  [[nodiscard]] FileFault append(Folder::Ticket ticket, std::string_view bytes);
  [[nodiscard]] tl::expected<std::string, FileFault> finish(Folder::Ticket ticket,
                                                            const std::string& name);
  /// Its size in bytes.
  [[nodiscard]] tl::expected<std::uint64_t, FileFault> open(Folder::Ticket ticket,
                                                            const std::string& name);
  [[nodiscard]] tl::expected<std::string, FileFault> read(Folder::Ticket ticket, std::size_t most);
  void discard(Folder::Ticket ticket);

  /// The newest files that are complete, newest first.
  [[nodiscard]] std::vector<FileEntry> list() const;

 private:
  struct Open {
    UniqueFd folder;  ///< where an unfinished one lies
    UniqueFd file;
    std::string temporary;  ///< empty: it is only read
  };

  [[nodiscard]] UniqueFd folder() const;
  [[nodiscard]] FileFault begin(Folder::Ticket ticket, std::string_view start, std::uint64_t bytes);

  std::string home_;
  std::map<Folder::Ticket, Open> open_;
};

}  // namespace aerie::stream
