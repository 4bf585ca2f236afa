#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/cause.hpp"
#include "runtime/preflight/file_knowledge.hpp"
#include "runtime/preflight/file_root.hpp"
#include "runtime/preflight/library_closure.hpp"

namespace aerie::preflight {

/// A program that is to be started.
struct Request {
  /// Program and arguments; a program without `/` is searched in `PATH`, as `spawn` does.
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> env;
  /// Who starts it; the caller where there is none.
  std::optional<Identity> identity;
  /// Set-user-id and capabilities of the file don't count (prctl(2), PR_SET_NO_NEW_PRIVS).
  bool has_no_new_privileges = false;
};

/// A script on the way to the program that the kernel really runs.
struct Script {
  std::string path;
  std::string interpreter;  ///< of its first line, or what `env` there is to run
};

/// What is known of a start before it is tried.
struct Report {
  std::string program;          ///< the file that was found; what was asked for when there is none
  std::vector<Script> scripts;  ///< outermost first
  std::shared_ptr<const ElfFile> elf;  ///< what runs in the end; null when it never came to that
  std::string elf_path;
  /// With a loader: the program, then its libraries in the loader's order.
  std::vector<LoadedObject> objects;
  std::optional<Cause> fault;  ///< why it can't start; all that is wrong is in its evidence
  std::vector<std::string> warnings;

  [[nodiscard]] bool can_start() const { return !fault; }
};

/// Says what would become of an execve(2) and of the dynamic loader that follows, without running
/// either: `exec_not_found`, `exec_not_executable` (mode, mount), `exec_wrong_format` (machine,
/// format, cut short), `interpreter_missing` (the `#!` line's, and what `#!/usr/bin/env` is to
/// run), `loader_missing`, `library_missing`, `symbol_missing` (a version that a library lacks).
///
/// What it can't judge it lets pass: loaders other than glibc's, programs that may be executed and
/// not read, symbols without a version, what a program opens while it runs, binfmt_misc's handlers.
/// Blocks on files; a program of 100 libraries takes some milliseconds, the next time less than
/// one. From any thread.
class Preflight {
 public:
  explicit Preflight(std::shared_ptr<const FileRoot> root,
                     std::shared_ptr<FileKnowledge> knowledge = std::make_shared<FileKnowledge>());

  [[nodiscard]] Report examine(const Request& request) const;

  /// The media elements that a streamer needs, looked at as modules of this program: the first that
  /// its plug-in directory lacks, or whose libraries are missing, is `plugin_missing` with the
  /// Debian package in the remedy. Nothing when all are there, or when the program does not use
  /// GStreamer.
  [[nodiscard]] std::optional<Cause> examine_media(const Request& streamer) const;

 private:
  [[nodiscard]] Report examine(const Request& request,
                               std::optional<LibraryClosure>& closure) const;

  std::shared_ptr<const FileRoot> root_;
  std::shared_ptr<FileKnowledge> knowledge_;
};

void to_json(Json& json, const Report& report);

}  // namespace aerie::preflight
