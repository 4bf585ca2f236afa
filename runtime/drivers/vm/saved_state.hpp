#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/profile.hpp"
#include "runtime/images/guest_image.hpp"

namespace aerie {

/// A machine that was saved once, when all but its streamer was ready: memory and devices, what it
/// had written until then, and what its console had said.
struct SavedState {
  std::string folder;
  std::string secret;  ///< of the link, until the guest is renewed

  [[nodiscard]] std::string state() const { return folder + "/state"; }
  /// Only where the VMM keeps it apart from the devices (Firecracker).
  [[nodiscard]] std::string memory() const { return folder + "/memory"; }
  [[nodiscard]] std::string overlay() const { return folder + "/overlay"; }
  [[nodiscard]] std::string console() const { return folder + "/console.log"; }
};

/// Names the only machine that a state fits: by its image's digest, its profile, and what else its
/// driver says it must be the same in (version, command line).
[[nodiscard]] std::string state_key(const GuestImage& image, const Profile& profile,
                                    const std::vector<std::string>& machine);

/// `DIRECTORY/states/KEY`.
[[nodiscard]] std::string state_folder(const std::string& images, const std::string& key);

/// Finds states and trusts none of them before its files' digests are those of its manifest, which
/// it reads once while they stay the same.
class SavedStates {
 public:
  explicit SavedStates(std::string images) : images_(std::move(images)) {}

  /// None: there is none. Errors: `image-corrupt` where its files are not what was saved.
  [[nodiscard]] Result<std::optional<SavedState>> find(const std::string& key);

 private:
  std::string images_;
  std::set<std::string> checked_;  ///< manifest and files, as they were
};

/// Writes the manifest of a state whose files are in the folder. Errors: `disk-full`,
/// `store-failed`.
[[nodiscard]] Result<void> seal_state(const SavedState& state);

}  // namespace aerie
