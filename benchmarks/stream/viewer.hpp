#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/stream/contestant.hpp"
#include "benchmarks/support/stopwatch.hpp"
#include "tests/support/chromium.hpp"
#include "tests/support/site.hpp"
#include "tests/support/udp_relay.hpp"

namespace aerie::bench {

/// A page of a Chromium that receives a contestant's stream and looks at the pixels
/// (`viewer.html`). Times are those of `monotonic_ms`.
class Viewer {
 public:
  /// Connects, with a relay through that alone, and waits for the first picture. Throws when none
  /// comes. Of the offered codecs it takes the first, or `codec` (`VP8`) alone. All must outlive
  /// it.
  Viewer(test::Chromium& chromium, RunningContestant& contestant, test::UdpRelay* relay = nullptr,
         const std::string& codec = {});

  /// When the picture's middle became bright or dark.
  struct Seen {
    double decoded = 0;  ///< the decoder gave the picture to the page
    double shown = 0;    ///< the page was told that it is on the screen
  };
  /// Waits for it; empty when it did not within 3 s.
  [[nodiscard]] std::optional<Seen> became(bool bright);

  /// Presses and releases a key; when the browser made the event of it.
  [[nodiscard]] double press_key();

  /// What came so far.
  struct Totals {
    double bytes = 0;  ///< of everything, also of what keeps the connection alive
    double frames = 0;
  };
  [[nodiscard]] Totals totals();

  /// From now on looks at no pixel but those of `collect`.
  void look_away();
  /// Notes from now on when each number at (`x`, `y`) comes.
  void log_numbers(int x, int y);
  struct Noted {
    double at = 0;
    int number = 0;
  };
  [[nodiscard]] std::vector<Noted> logged();
  /// Keeps at most `most` pictures whose number at (`x`, `y`) is a multiple of `every`.
  void collect(int x, int y, int every, int most);
  struct Picture {
    int number = 0;
    std::vector<std::uint8_t> i420;
  };
  /// What was kept.
  [[nodiscard]] std::vector<Picture> collected();
  /// The newest picture, as I420.
  [[nodiscard]] std::vector<std::uint8_t> last_picture();

 private:
  void connect(RunningContestant& contestant, test::UdpRelay* relay, const std::string& codec);
  void learn_origin();

  test::Site site_;
  test::Page page_;
  double origin_ = 0;  ///< of the page's clock
};

}  // namespace aerie::bench
