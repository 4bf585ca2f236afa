#include "runtime/preflight/library_closure.hpp"

#include <algorithm>
#include <utility>

namespace aerie::preflight {
namespace {

constexpr std::size_t most_objects = 4096;

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

bool has_name(const LoadedObject& object, const std::string& name) {
  return std::find(object.names.begin(), object.names.end(), name) != object.names.end() ||
         object.elf->soname == name;
}

/// The newest definition of the same series: `GLIBC_2.36` for a missing `GLIBC_2.40`.
std::string newest_alike(const ElfFile& library, const std::string& version) {
  const auto series = version.substr(0, version.find_last_of('_') + 1);
  std::string newest;
  for (const auto& each : library.version_definitions)
    if (each.name.starts_with(series) && !each.name.ends_with("PRIVATE") &&
        ::strverscmp(each.name.c_str(), newest.c_str()) > 0)
      newest = each.name;
  return newest;
}

}  // namespace

LibraryClosure::LibraryClosure(const FileRoot& root, FileKnowledge& knowledge,
                               SearchSetting setting)
    : root_(root), search_(root, knowledge, std::move(setting)) {}

void LibraryClosure::add_program(const FoundFile& program, std::shared_ptr<const ElfFile> elf,
                                 const FoundFile& loader, std::shared_ptr<const ElfFile> loader_elf,
                                 const std::vector<std::string>& preloads) {
  const auto path = root_.real_path(program);
  search_.set_program(*elf, directory_of(path), loader);
  objects_.push_back({path, {}, program.identity(), std::move(elf), std::nullopt, false});
  loader_ = LoadedObject{loader.path,           {loader.path}, loader.identity(),
                         std::move(loader_elf), std::nullopt,  true};
  for (const auto& name : preloads)
    preload(name);
  add_all_needs(0, faults_);
  if (faults_.empty()) check_versions(0, faults_);
}

std::vector<Cause> LibraryClosure::add_module(const std::string& path) {
  std::vector<Cause> faults;
  if (is_loaded(path)) return faults;
  const auto before = objects_.size();
  const auto names_before = objects_;
  auto found = search_.find(path, {{objects_.front().elf.get(), directory_of(objects_[0].path)}});
  if (!found)
    return {{CauseKind::library_missing,
             path + " " + found.error().what + ".",
             found.error().remedy,
             {}}};
  add(std::move(*found), path, 0);
  add_all_needs(before, faults);
  if (faults.empty()) check_versions(before, faults);
  if (!faults.empty()) objects_ = names_before;
  return faults;
}

const LoadedObject* LibraryClosure::find(const std::string& name) const {
  const auto found = std::find_if(objects_.begin(), objects_.end(),
                                  [&](const auto& each) { return has_name(each, name); });
  return found == objects_.end() ? nullptr : &*found;
}

// -- libraries ------------------------------------------------------------------------------------

bool LibraryClosure::is_loaded(const std::string& name) {
  if (find(name) != nullptr) return true;
  if (!loader_ || !has_name(*loader_, name)) return false;
  objects_.push_back(*std::exchange(loader_, std::nullopt));
  return true;
}

void LibraryClosure::add(FoundLibrary found, const std::string& name, std::size_t by) {
  for (auto& object : objects_)
    if (object.identity == found.identity) {
      object.names.push_back(name);
      return;
    }
  if (loader_ && loader_->identity == found.identity) {
    objects_.push_back(*std::exchange(loader_, std::nullopt));
    objects_.back().names.push_back(name);
    return;
  }
  std::vector<std::string> names{name, found.path};
  objects_.push_back(
      {std::move(found.path), std::move(names), found.identity, std::move(found.elf), by, false});
}

void LibraryClosure::preload(const std::string& name) {
  if (is_loaded(name)) return;
  auto found = search_.find(name, {{objects_.front().elf.get(), directory_of(objects_[0].path)}});
  if (found)
    add(std::move(*found), name, 0);
  else
    warnings_.push_back("The preloaded library " + name + " is ignored" +
                        found.error().after_name() + ".");
}

void LibraryClosure::add_all_needs(std::size_t from, std::vector<Cause>& faults) {
  for (auto index = from; index < objects_.size() && index < most_objects; ++index)
    add_needs_of(index, faults);
}

void LibraryClosure::add_needs_of(std::size_t index, std::vector<Cause>& faults) {
  std::vector<Asker> askers;
  for (std::optional<std::size_t> at = index; at; at = objects_[*at].loaded_by)
    askers.push_back({objects_[*at].elf.get(), directory_of(objects_[*at].path)});
  const auto elf = objects_[index].elf;
  const auto path = objects_[index].path;
  for (const auto& name : elf->needed) {
    if (is_loaded(name)) continue;
    auto found = search_.find(name, askers);
    if (found)
      add(std::move(*found), name, index);
    else
      faults.push_back({CauseKind::library_missing,
                        path + " needs the library " + name + found.error().after_name() + ".",
                        found.error().remedy,
                        {}});
  }
}

// -- versions -------------------------------------------------------------------------------------

void LibraryClosure::check_versions(std::size_t from, std::vector<Cause>& faults) {
  for (auto index = from; index < objects_.size(); ++index)
    for (const auto& need : objects_[index].elf->version_needs)
      check_need(objects_[index], need, faults);
}

void LibraryClosure::check_need(const LoadedObject& object, const VersionNeed& need,
                                std::vector<Cause>& faults) {
  const auto* library = find(need.library);
  if (library == nullptr && loader_ && has_name(*loader_, need.library)) library = &*loader_;
  if (library == nullptr) return;  // needs of a version without a need of the library are a defect
  if (!library->elf->has_version_definitions) {
    warnings_.push_back(library->path + " says nothing of its versions, of which " + object.path +
                        " needs some.");
    return;
  }
  const auto& provided = library->elf->version_definitions;
  for (const auto& version : need.versions) {
    const bool is_there = std::any_of(provided.begin(), provided.end(), [&](const auto& each) {
      return each.hash == version.hash && each.name == version.name;
    });
    if (is_there) continue;
    if (version.is_weak) {
      warnings_.push_back(library->path + " lacks the version " + version.name + ", which " +
                          object.path + " can do without.");
      continue;
    }
    const auto newest = newest_alike(*library->elf, version.name);
    faults.push_back({CauseKind::symbol_missing,
                      library->path + " lacks the version " + version.name + ", which " +
                          object.path + " needs" +
                          (newest.empty() ? "" : " (the newest it has is " + newest + ")") + ".",
                      "Install a " + need.library + " that has " + version.name +
                          ", or use a build of " + object.path + " for this system.",
                      {}});
  }
}

}  // namespace aerie::preflight
