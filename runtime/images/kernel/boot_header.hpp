#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "messages/cause.hpp"

namespace aerie::kernel {

/// Where a bzImage keeps its kernel, as its boot header says (the kernel's
/// Documentation/arch/x86/boot.rst, protocol 2.08 and later). In bytes from the file's begin.
struct Payload {
  std::size_t offset = 0;
  std::size_t length = 0;    ///< the four bytes of the unpacked size at its end included
  std::size_t unpacked = 0;  ///< bytes of the kernel, as those four say
};

/// Whether the bytes begin as an ELF file does.
[[nodiscard]] bool is_elf(std::string_view bytes);

/// Reads the boot header. `name` is the file's, for messages. Errors: `kernel-not-elf` for
/// anything that is no bzImage, named as far as it is known; `image-corrupt` where the file is
/// shorter than its header says.
[[nodiscard]] Result<Payload> find_payload(std::string_view image, const std::string& name);

}  // namespace aerie::kernel
