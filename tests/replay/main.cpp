// aerie-replay [--json FILE] [--any-time] [WORD]...: plants every known fault, or those whose name
// or kind holds a word, and prints what was found. Exit status 1: one was not found as it is, or,
// without
// --any-time, not within 100 ms.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/replay/rehearse.hpp"

namespace {

using aerie::replay::Fault;

/// Those of machines only where they are asked for: each boots one.
bool is_wanted(const Fault& fault, const std::vector<std::string>& words) {
  if (words.empty()) return !fault.name.starts_with("a machine: ");
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return fault.name.find(word) != std::string::npos || to_string(fault.kind) == word;
  });
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> words{arguments + 1, arguments + count};
  std::string file;
  if (words.size() >= 2 && words.front() == "--json") {
    file = words[1];
    words.erase(words.begin(), words.begin() + 2);
  }
  const bool is_timed = words.empty() || words.front() != "--any-time";
  if (!is_timed) words.erase(words.begin());
  std::vector<aerie::replay::Finding> findings;
  for (const auto& fault : aerie::replay::catalogue()) {
    if (!is_wanted(fault, words)) continue;
    std::fprintf(stderr, "%s\n", fault.name.c_str());
    findings.push_back(rehearse(fault));
    auto& finding = findings.back();
    if (is_timed && finding.verdict_ms.value_or(0) > aerie::replay::most_verdict_ms)
      finding.wrong.emplace_back("the verdict took longer than 100 ms");
  }
  std::printf("%s", table(findings).c_str());
  if (!file.empty()) {
    std::ofstream out{file};
    out << to_document(findings).dump(2) << "\n";
    if (!out.flush()) {
      std::fprintf(stderr, "%s can't be written.\nName a file that can be.\n", file.c_str());
      return 2;
    }
  }
  const auto wrong = std::count_if(findings.begin(), findings.end(),
                                   [](const auto& each) { return !each.wrong.empty(); });
  std::printf("%zu faults, %td wrong\n", findings.size(), wrong);
  return findings.empty() || wrong > 0 ? 1 : 0;
}
