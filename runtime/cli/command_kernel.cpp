#include "runtime/cli/commands.hpp"
#include "runtime/images/kernel/extract.hpp"

namespace aerie::cli {

int run_kernel_extract(const std::string& bzimage, const std::string& vmlinux) {
  const auto extracted = kernel::extract_file(bzimage, vmlinux);
  if (extracted) return fine;
  tell_error(extracted.error().message, extracted.error().remedy);
  return answer_is_no;
}

}  // namespace aerie::cli
