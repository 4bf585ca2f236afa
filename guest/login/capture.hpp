#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "messages/link.hpp"
#include "runtime/process/path_watch.hpp"
#include "runtime/process/secret_text.hpp"

namespace aerie::login {

/// The files that a tool leaves when it has signed in. Watched, never polled; each counts when it
/// is complete: nobody writes it any more (fcntl(2), F_SETLEASE), and what is called `.json` is
/// JSON. On the reactor's thread.
class Capture {
 public:
  struct Events {
    std::function<void()> on_begun;     ///< once: one of the files has come or changed
    std::function<void()> on_complete;  ///< once: all of them are complete
  };

  /// All files of one credential together.
  static constexpr std::size_t most_bytes = 256 * 1024;

  /// `files` as a provider names them, `~/` for `home`. A file that is there already counts only
  /// once it has changed, or when `is_there` is asked.
  Capture(Reactor& reactor, const std::vector<std::string>& files, const std::string& home,
          Events events);
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  /// Whether all are there and parseable, whenever they were made and whoever writes them: the
  /// tool is gone.
  [[nodiscard]] bool is_there() const;
  /// The first that is not there or not complete, for a message.
  [[nodiscard]] std::string missing() const;

  /// Reads the files and seals each to the key (X25519, base64). Errors: `store-failed` naming the
  /// file, `quota` for too many bytes, `link-violation` for a key that is none.
  [[nodiscard]] Result<std::vector<link::CredentialPart>> seal(const std::string& key,
                                                               std::uint64_t attempt) const;

 private:
  /// What tells one content of a file from another.
  using Version = std::map<std::string, std::int64_t>;
  struct File {
    std::string name;  ///< as the provider has it
    std::string path;
    Version before;  ///< empty: it was not there
  };

  void look();

  Events events_;
  std::vector<File> files_;
  std::vector<std::unique_ptr<PathWatch>> watches_;
  bool has_begun_ = false;
  bool is_complete_ = false;
};

}  // namespace aerie::login
