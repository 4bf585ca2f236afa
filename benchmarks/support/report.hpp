#pragma once

#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "messages/cause.hpp"

namespace aerie::bench {

/// The value below or at which `share` (0 to 1) of the samples lie, by the nearest rank. The
/// samples must not be empty.
[[nodiscard]] double percentile(std::vector<double> samples, double share);

/// The file of one benchmark: which machine, what was measured, every sample and what it was to be.
///
/// `{name, title, machine:{cpu, cores, memoryMiB, kernel}, at, measures:[{name, unit, samples,
/// p50, p95, p99, max, targets:{p50?, p95?, p99?}, met}], curves:[{name, x, y, lines:{name:[[x,
/// y]]}}]}`
class Report {
 public:
  Report(std::string name, std::string title);

  /// The most that is promised; 0 promises nothing.
  struct Targets {
    double p50 = 0;
    double p95 = 0;
    double p99 = 0;
  };

  /// Adds the samples of one measure and prints its line.
  void add(const std::string& measure, const std::string& unit, std::vector<double> samples,
           Targets targets);
  void add(const std::string& measure, const std::string& unit, std::vector<double> samples) {
    add(measure, unit, std::move(samples), {});
  }

  /// The height of a curve where there is none, null in the file. Two such points in a row are the
  /// ends of a gap.
  static constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

  /// How one thing grows with another: a panel of its own in the picture.
  struct Curve {
    std::string name;
    std::string x;  ///< what is counted along the axis, with its unit; likewise `y`
    std::string y;
    std::map<std::string, std::vector<std::pair<double, double>>> lines;
  };
  void add(const Curve& curve);

  /// Writes the file. False where that fails or a target was missed.
  [[nodiscard]] bool write(const std::string& path) const;

 private:
  Json document_;
  bool met_ = true;
};

}  // namespace aerie::bench
