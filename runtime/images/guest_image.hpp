#pragma once

#include <string>
#include <vector>

#include "messages/cause.hpp"

namespace aerie {

/// What a virtual machine boots from, as `./run image` makes it: absolute paths of files that are
/// only read.
struct GuestImage {
  std::string folder;
  std::string kernel;  ///< an ELF vmlinux
  std::string initrd;
  std::string root;     ///< squashfs, read-only and shared by all machines
  std::string overlay;  ///< empty ext4; each machine has a sparse copy
  std::string digest;   ///< of the manifest, 64 hexadecimal digits: names contents and versions
  std::string profile;
  int memory_mib = 0;  ///< least memory that it boots with
};

/// Where images are looked for, and what takes the place of their parts.
struct ImageSettings {
  std::string directory;  ///< `images.path`; holds `current/PROFILE`, links to images that booted
  std::string kernel;     ///< `images.kernel`; empty: the image's
  std::string rootfs;     ///< `images.rootfs`; empty: the image's
  std::string initrd;     ///< `images.initrd`; empty: the image's
};

/// `${XDG_CACHE_HOME:-~/.cache}/aerie/images`, where `./run image` puts them.
[[nodiscard]] std::string default_image_directory();

/// Reads an image's manifest and checks that its files are there and as large as it says. Reads no
/// file whole. Errors: `root-missing` (no image, or a file is missing), `image-corrupt` (a manifest
/// that can't be read, or a file of another size), `kernel-not-elf` (a kernel that is none).
[[nodiscard]] Result<GuestImage> read_guest_image(const std::string& folder);

/// The image that was promoted for a profile, with what the settings put in its place. A kernel
/// that is a bzImage is extracted into the directory once, named after its contents.
[[nodiscard]] Result<GuestImage> find_guest_image(const ImageSettings& settings,
                                                  const std::string& profile);

}  // namespace aerie
