#include "runtime/preflight/preflight.hpp"

#include <elf.h>
#include <map>
#include <set>

#include "runtime/preflight/examination.hpp"

namespace aerie::preflight {
namespace {

/// What all objects together need of each library: its versions.
std::map<std::string, std::set<std::string>> needed_versions(const Report& report) {
  std::map<std::string, std::set<std::string>> needed;
  for (const auto& object : report.objects)
    for (const auto& need : object.elf->version_needs)
      for (const auto& version : need.versions)
        needed[need.library].insert(version.name);
  return needed;
}

Json libraries_json(const Report& report) {
  auto list = Json::array();
  const auto needed = needed_versions(report);
  for (std::size_t i = 1; i < report.objects.size(); ++i) {
    const auto& object = report.objects[i];
    const auto& name = object.elf->soname.empty() ? object.names.front() : object.elf->soname;
    Json entry{{"name", name}, {"path", object.path}, {"versionsNeeded", Json::array()}};
    if (object.loaded_by) entry["neededBy"] = report.objects[*object.loaded_by].path;
    if (const auto versions = needed.find(name); versions != needed.end())
      entry["versionsNeeded"] = versions->second;
    auto provided = Json::array();
    for (const auto& version : object.elf->version_definitions)
      provided.push_back(version.name);
    entry["versionsProvided"] = std::move(provided);
    list.push_back(std::move(entry));
  }
  return list;
}

Json elf_json(const Report& report) {
  const auto& elf = *report.elf;
  Json json{{"path", report.elf_path},
            {"class", elf.bits},
            {"machine", machine_name(elf)},
            {"linking", elf.has_dynamic && elf.loader ? "dynamic" : "static"},
            {"needed", elf.needed}};
  if (elf.loader) json["loader"] = *elf.loader;
  if (!elf.rpath.empty()) json["rpath"] = elf.rpath;
  if (!elf.runpath.empty()) json["runpath"] = elf.runpath;
  return json;
}

}  // namespace

Preflight::Preflight(std::shared_ptr<const FileRoot> root, std::shared_ptr<FileKnowledge> knowledge)
    : root_(std::move(root)), knowledge_(std::move(knowledge)) {}

Report Preflight::examine(const Request& request) const {
  std::optional<LibraryClosure> closure;
  return examine(request, closure);
}

Report Preflight::examine(const Request& request, std::optional<LibraryClosure>& closure) const {
  Report report;
  report.fault = Examination{*root_, *knowledge_, request, report, closure}.run();
  return report;
}

void to_json(Json& json, const Report& report) {
  auto scripts = Json::array();
  for (const auto& script : report.scripts)
    scripts.push_back({{"path", script.path}, {"interpreter", script.interpreter}});
  json = Json{{"program", report.program},
              {"canStart", report.can_start()},
              {"cause", report.fault ? Json(*report.fault) : Json()},
              {"scripts", std::move(scripts)},
              {"elf", report.elf ? elf_json(report) : Json()},
              {"libraries", libraries_json(report)},
              {"warnings", report.warnings}};
}

}  // namespace aerie::preflight
