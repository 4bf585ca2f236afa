#pragma once

#include <sys/types.h>

namespace aerie::bench {

/// Processor time that all threads of a process have used so far, milliseconds. Throws where there
/// is no such process.
[[nodiscard]] double processor_ms(pid_t pid);

}  // namespace aerie::bench
