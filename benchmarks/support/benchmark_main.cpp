#include "benchmarks/support/benchmark_main.hpp"

#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <stdexcept>

namespace aerie::bench {
namespace {

int guarded(const std::function<void()>& run) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // each figure as it comes, also into a file
  try {
    run();
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

Parts parts_with(const std::string& word, const std::vector<std::string>& parts) {
  Parts found;
  std::string names;
  for (const auto& part : parts) {
    if (part.find(word) != std::string::npos) found.insert(part);
    names += "\n  " + part;
  }
  if (found.empty())
    throw std::runtime_error("No part is called '" + word + "'. There are" + names);
  return found;
}

}  // namespace

int benchmark_main(int count, char** arguments, const char* fallback,
                   void (*run)(const std::string& path)) {
  return guarded([&] {
    if (count > 2) throw std::runtime_error("This benchmark has no parts that can run alone.");
    run(count > 1 ? arguments[1] : fallback);
  });
}

int benchmark_main(int count, char** arguments, const char* fallback,
                   const std::vector<std::string>& parts,
                   void (*run)(const std::string& path, const Parts& chosen)) {
  return guarded([&] {
    Parts chosen;
    for (int i = 2; i < count; ++i)
      chosen.merge(parts_with(arguments[i], parts));
    if (count <= 2) chosen.insert(parts.begin(), parts.end());
    run(count > 1 ? arguments[1] : fallback, chosen);
  });
}

}  // namespace aerie::bench
