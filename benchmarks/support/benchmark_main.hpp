#pragma once

#include <set>
#include <string>
#include <vector>

namespace aerie::bench {

/// The `main` of a benchmark: runs it with the path of the first argument, or `fallback`, and turns
/// an exception into a line on standard error and the status 1.
int benchmark_main(int count, char** arguments, const char* fallback,
                   void (*run)(const std::string& path));

/// The names of the parts that are to run.
using Parts = std::set<std::string>;

/// The same for a benchmark whose parts can run alone: those whose names contain one of the other
/// arguments, all where there are none. A word that no part's name contains is an error.
int benchmark_main(int count, char** arguments, const char* fallback,
                   const std::vector<std::string>& parts,
                   void (*run)(const std::string& path, const Parts& chosen));

}  // namespace aerie::bench
