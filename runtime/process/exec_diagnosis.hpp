#pragma once

#include <string>
#include <string_view>

#include "messages/cause.hpp"

namespace aerie {

/// Why execve(2) refused `path` with `error` (an errno), by looking at the file: its interpreter,
/// its loader, its machine, its mode. Reads the file as the caller, at most its first pages.
[[nodiscard]] Cause diagnose_exec(const std::string& path, int error);

/// Finds a program as execvp(3) would: a name with a slash is itself; others are searched in
/// `path`, which is separated by colons. `exec_not_found` names the program and where it was
/// searched.
[[nodiscard]] Result<std::string> find_program(const std::string& program, std::string_view path);

/// True when the file is an ELF program of which the file system has less than its headers say: it
/// starts, and dies of SIGBUS or SIGSEGV when it touches what is not there.
[[nodiscard]] bool is_cut_short(const std::string& path);

}  // namespace aerie
