#pragma once

#include <cstdint>
#include <string>

#include "messages/cause.hpp"
#include "runtime/drivers/vm/saved_state.hpp"
#include "runtime/drivers/vm/vmm.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie {

/// The files of one VM beneath its directory: `console.log`, what its serial console says, and
/// `overlay`, what it writes.
[[nodiscard]] std::string console_path(const std::string& directory);
[[nodiscard]] std::string overlay_path(const std::string& directory);

/// Makes the directory (0700), an empty console and the overlay, a sparse copy of `overlay_source`.
/// On the disk's thread. Errors: `disk-full`, `store-failed` naming the path, `root-missing` where
/// the source is gone.
[[nodiscard]] Result<void> prepare_vm_files(const VmPlan& plan, const std::string& overlay_source);

/// The same of a guest that goes on from a saved state: its console goes on where the saved one
/// ended, its overlay is the saved one's.
[[nodiscard]] Result<void> prepare_vm_files(const VmPlan& plan, const SavedState& state);

/// Copies a file without its holes: shares the blocks where the file system can (FICLONE), else
/// copies the parts that hold data (lseek(2), SEEK_DATA). The target must not be there.
[[nodiscard]] Result<void> copy_sparse(const std::string& source, const std::string& target);

}  // namespace aerie
