#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "tests/replay/scene.hpp"

namespace aerie::replay {

/// The image of this machine for the profile `terminal`, as a scene's own, for its profile
/// `replay`: its parts may be replaced. Throws `LeftOut` where no image was made yet.
class AlteredImage {
 public:
  explicit AlteredImage(Scene& scene);

  /// Lays files over those of the initrd, by their paths in it.
  void overlay_initrd(const std::map<std::string, std::string>& files);
  /// Makes the root file system anew from its files, changed by `change`, which gets their folder.
  void rebuild_root(const std::function<void(const std::filesystem::path& root)>& change);

  [[nodiscard]] std::filesystem::path kernel() const { return folder_ / "vmlinux"; }
  [[nodiscard]] std::string modules_without(const std::string& name) const;

 private:
  void write_manifest() const;
  void own(const std::string& name) const;

  std::filesystem::path folder_;
  std::filesystem::path work_;
};

}  // namespace aerie::replay
