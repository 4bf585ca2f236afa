#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include "runtime/cli/commands.hpp"
#include "runtime/cli/terminal_text.hpp"
#include "runtime/preflight/preflight.hpp"

namespace aerie::cli {
namespace {

namespace fs = std::filesystem;
using preflight::Report;

/// Without a root the caller's own environment decides, as it would for a start from its shell.
std::vector<std::pair<std::string, std::string>> environment(bool is_own_root) {
  if (!is_own_root) return {};
  std::vector<std::pair<std::string, std::string>> env;
  for (const auto* name : {"PATH", "LD_LIBRARY_PATH", "LD_PRELOAD"})
    if (const char* value = std::getenv(name)) env.emplace_back(name, value);
  return env;
}

/// `FILE` is a path within the root; one that leads there from outside is understood too.
std::string path_within(const preflight::FileRoot& files, const std::string& file,
                        const std::string& root) {
  if (files.find(file)) return file;
  std::error_code ignored;
  const auto whole = fs::absolute(file, ignored).lexically_normal().string();
  auto prefix = fs::absolute(root, ignored).lexically_normal().string();
  if (prefix.ends_with('/')) prefix.pop_back();
  return whole.starts_with(prefix + "/") ? whole.substr(prefix.size()) : file;
}

std::string line(const std::string& name, const std::string& value) {
  return name + std::string(name.size() < 10 ? 10 - name.size() : 1, ' ') + terminal_text(value) +
         "\n";
}

/// What each library is needed for: the versions of its symbols.
std::map<std::string, std::string> versions_of(const Report& report) {
  std::map<std::string, std::set<std::string>> sets;
  for (const auto& object : report.objects)
    for (const auto& need : object.elf->version_needs)
      for (const auto& version : need.versions)
        sets[need.library].insert(version.name);
  std::map<std::string, std::string> lists;
  for (const auto& [library, versions] : sets)
    for (const auto& version : versions)
      lists[library] += (lists[library].empty() ? "" : " ") + version;
  return lists;
}

void print_libraries(const Report& report) {
  const auto versions = versions_of(report);
  for (std::size_t i = 1; i < report.objects.size(); ++i) {
    const auto& object = report.objects[i];
    const auto& name = object.elf->soname.empty() ? object.names.front() : object.elf->soname;
    std::cout << line("library", name + " => " + object.path);
    if (const auto found = versions.find(name); found != versions.end())
      std::cout << line("", found->second);
  }
}

void print(const Report& report) {
  std::cout << line("program", report.program);
  for (const auto& script : report.scripts)
    std::cout << line("script", script.path + " is run by " + script.interpreter);
  if (report.elf && report.elf->bits != 0) {
    const auto& elf = *report.elf;
    std::cout << line(
        "ELF", report.elf_path + ", " + std::to_string(elf.bits) + " bits, " + machine_name(elf));
    std::cout << line("loader", elf.loader.value_or("none: it is linked statically"));
  }
  print_libraries(report);
  for (const auto& warning : report.warnings)
    std::cout << line("note", warning);
  if (!report.fault) {
    std::cout << line("verdict", report.scripts.empty()
                                     ? "It can start."
                                     : "It can start; what the script itself starts is not known.");
    return;
  }
  std::cout << line("verdict", std::string{to_string(report.fault->kind)} + ": it can't start.");
  for (const auto& evidence : report.fault->evidence)
    std::cout << line("", evidence);
}

}  // namespace

int run_inspect(const std::string& file, const std::string& root, bool as_json) {
  const auto is_own_root = root == "/";
  std::error_code ignored;
  auto files = preflight::FileRoot::open(
      root, is_own_root ? fs::current_path(ignored).string() : std::string{"/"});
  if (!files) {
    tell_error(files.error().message, files.error().remedy);
    return answer_is_no;
  }
  preflight::Request request;
  // A file of the working directory needs no ./ before it, unlike in a shell.
  auto path = is_own_root ? file : path_within(*files, file, root);
  if (path.find('/') == std::string::npos)
    if (const auto found = files->find(path)) path = found->path;
  request.argv = {path};
  request.env = environment(is_own_root);
  const preflight::Preflight preflight{
      std::make_shared<const preflight::FileRoot>(std::move(*files))};
  const auto report = preflight.examine(request);
  if (as_json)
    std::cout << Json(report).dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  else
    print(report);
  if (report.can_start()) return fine;
  if (!as_json) tell_error(report.fault->message, report.fault->remedy);
  return answer_is_no;
}

}  // namespace aerie::cli
