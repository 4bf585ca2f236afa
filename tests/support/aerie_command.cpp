#include "tests/support/aerie_command.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <sys/wait.h>

#include "tests/support/temporary_directory.hpp"

namespace aerie::test {
namespace {

std::string quoted(const std::string& argument) {
  std::string text = "'";
  for (const char c : argument)
    text += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return text + "'";
}

}  // namespace

std::string aerie_program() {
  return AERIE_PROGRAM;
}

CommandAnswer run_aerie(const std::vector<std::string>& arguments) {
  const TemporaryDirectory folder;
  const auto errors = (folder.path() / "errors").string();
  std::string line = quoted(AERIE_PROGRAM);
  for (const auto& argument : arguments)
    line += " " + quoted(argument);
  auto* pipe = ::popen((line + " 2>" + quoted(errors)).c_str(), "re");
  if (pipe == nullptr) throw std::runtime_error("no shell could be started");
  CommandAnswer answer;
  std::array<char, 4096> chunk{};
  while (const auto count = std::fread(chunk.data(), 1, chunk.size(), pipe))
    answer.out.append(chunk.data(), count);
  const int ended = ::pclose(pipe);
  if (!WIFEXITED(ended)) throw std::runtime_error("aerie did not end by itself");
  answer.status = WEXITSTATUS(ended);
  std::ifstream file{errors};
  answer.error = {std::istreambuf_iterator<char>{file}, {}};
  return answer;
}

CommandAnswer console(const std::string& state, const std::string& command) {
  return run_aerie({"console", "--state", state, "-c", command, "--json"});
}

}  // namespace aerie::test
