#include "benchmarks/support/benchmark_main.hpp"

#include <cstdio>
#include <exception>
#include <iostream>

namespace aerie::bench {

int benchmark_main(int count, char** arguments, const char* fallback,
                   void (*run)(const std::string& path)) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // each figure as it comes, also into a file
  try {
    run(count > 1 ? arguments[1] : fallback);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

}  // namespace aerie::bench
