#include "runtime/config/shipped_files.hpp"

#include <filesystem>

#include "build_info.hpp"

namespace aerie {
namespace {

namespace fs = std::filesystem;

/// The folder of the running program; empty if the kernel does not tell.
fs::path program_folder() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace

std::string shipped_folder(const std::string& name) {
  std::error_code error;
  const auto installed = (program_folder() / "../share/aerie" / name).lexically_normal();
  if (fs::is_directory(installed, error)) return installed.string();
  const auto source = fs::path(build_info::source_folder) / "config" / name;
  if (fs::is_directory(source, error)) return source.string();
  return (fs::path(build_info::install_prefix) / "share/aerie" / name).string();
}

std::string shipped_program(const std::string& name) {
  std::error_code error;
  for (const auto& folder : {program_folder(), fs::path(build_info::build_folder)})
    if (fs::exists(folder / name, error)) return (folder / name).string();
  return (fs::path(build_info::install_prefix) / "bin" / name).string();
}

}  // namespace aerie
