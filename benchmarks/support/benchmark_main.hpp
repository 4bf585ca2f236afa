#pragma once

#include <string>

namespace aerie::bench {

/// The `main` of a benchmark: runs it with the path of the first argument, or `fallback`, and turns
/// an exception into a line on standard error and the status 1.
int benchmark_main(int count, char** arguments, const char* fallback,
                   void (*run)(const std::string& path));

}  // namespace aerie::bench
