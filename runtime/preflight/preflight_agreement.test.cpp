#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <unistd.h>

#include "runtime/preflight/preflight.hpp"

using namespace aerie;

namespace {

namespace fs = std::filesystem;

/// What the loader itself says of a program: its libraries' files, and whether it would start.
struct LoaderSays {
  bool starts = false;
  std::set<std::string> libraries;
};

bool is_elf(const fs::path& path) {
  std::string magic(4, '\0');
  std::ifstream{path, std::ios::binary}.read(magic.data(), 4);
  return magic == "\177ELF";
}

constexpr std::array path_directories{"/usr/local/bin", "/usr/bin", "/bin"};
constexpr const char* path = "/usr/local/bin:/usr/bin:/bin";

/// The files themselves: the loader takes the path that it is given for the program's own, the
/// kernel the real one.
std::set<std::string> programs() {
  std::set<std::string> list;
  for (const auto& entry : fs::directory_iterator{"/usr/bin"})
    if (entry.is_regular_file() && ::access(entry.path().c_str(), X_OK) == 0)
      list.insert(fs::canonical(entry.path()));
  return list;
}

/// Whether what a script's first line names is there; for `env`, what that is to run.
bool interpreter_exists(const std::string& script) {
  std::string first;
  std::ifstream file{script};
  std::getline(file, first);
  if (!first.starts_with("#!")) return false;
  std::istringstream words{first.substr(2)};
  std::string interpreter;
  std::string argument;
  words >> interpreter >> argument;
  if (argument == "-S") words >> argument;
  if (!interpreter.ends_with("/env")) return fs::exists(interpreter);
  return std::any_of(
      std::begin(path_directories), std::end(path_directories),
      [&](const std::string& directory) { return fs::exists(directory + "/" + argument); });
}

/// Asks the loader of each for all at once: a shell's loop costs a fork a program.
std::map<std::string, LoaderSays> ask_loader(const std::vector<std::string>& files) {
  const auto list =
      (fs::temp_directory_path() / ("aerie-agreement-" + std::to_string(::getpid()))).string();
  {
    std::ofstream out{list};
    for (const auto& file : files)
      out << file << "\n";
  }
  const auto command =
      "while read -r f; do echo \"== $f\"; /lib64/ld-linux-x86-64.so.2 --list \"$f\" "
      "2>&1; echo \"status $?\"; done < " +
      list;
  std::map<std::string, LoaderSays> says;
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe{::popen(command.c_str(), "r"), ::pclose};
  std::string line(8192, '\0');
  LoaderSays* current = nullptr;
  while (std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) != nullptr) {
    std::istringstream words{line.c_str()};
    std::vector<std::string> parts{std::istream_iterator<std::string>{words}, {}};
    if (parts.size() == 2 && parts[0] == "==") current = &says[parts[1]];
    if (current == nullptr) continue;
    if (parts.size() == 2 && parts[0] == "status") current->starts = parts[1] == "0";
    if (parts.size() >= 2 && parts.back().starts_with("(0x") && parts[parts.size() - 2][0] == '/')
      current->libraries.insert(parts[parts.size() - 2]);
  }
  fs::remove(list);
  return says;
}

}  // namespace

TEST_CASE("preflight says of every program in /usr/bin what the loader says", "[preflight]") {
  auto root = preflight::FileRoot::open("/");
  REQUIRE(root);
  const preflight::Preflight preflight{
      std::make_shared<const preflight::FileRoot>(std::move(*root))};
  const auto all = programs();
  std::vector<std::string> dynamic;
  std::map<std::string, preflight::Report> reports;
  std::size_t agreed = 0;
  for (const auto& real : all) {
    auto report = preflight.examine({{real}, {{"PATH", path}}, {}, false});
    if (is_elf(real) && report.elf && report.elf->loader) {
      dynamic.push_back(real);
      reports[real] = std::move(report);
    } else {
      CAPTURE(real, report.fault.value_or(Cause{}).message);
      const bool starts = is_elf(real) || interpreter_exists(real);
      CHECK(report.can_start() == starts);
      if (report.can_start() == starts) ++agreed;
    }
  }
  const auto says = ask_loader(dynamic);
  for (const auto& program : dynamic) {
    const auto& report = reports[program];
    const auto& loader = says.at(program);
    std::set<std::string> libraries;
    for (std::size_t i = 1; i < report.objects.size(); ++i)
      libraries.insert(report.objects[i].path);
    CAPTURE(program, report.fault.value_or(Cause{}).message);
    CHECK(report.can_start() == loader.starts);
    CHECK(libraries == loader.libraries);
    if (report.can_start() == loader.starts && libraries == loader.libraries) ++agreed;
  }
  WARN(agreed << " of " << all.size() << " programs in /usr/bin: preflight and loader agree");
  CHECK(agreed == all.size());
}
