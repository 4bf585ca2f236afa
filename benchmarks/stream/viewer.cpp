#include "benchmarks/stream/viewer.hpp"

#include <fstream>
#include <limits>
#include <sodium.h>
#include <sstream>
#include <stdexcept>

namespace aerie::bench {
namespace {

std::string page_source() {
  std::ifstream file(AERIE_SOURCE_FOLDER "/benchmarks/stream/viewer.html");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::uint8_t> decode(const std::string& base64) {
  std::vector<std::uint8_t> bytes(base64.size());
  std::size_t length = 0;
  if (sodium_base642bin(bytes.data(), bytes.size(), base64.data(), base64.size(), nullptr, &length,
                        nullptr, sodium_base64_VARIANT_ORIGINAL) != 0)
    throw std::runtime_error("the page's picture is no base64");
  bytes.resize(length);
  return bytes;
}

std::string script_of(bool value) {
  return value ? "true" : "false";
}

}  // namespace

Viewer::Viewer(test::Chromium& chromium, RunningContestant& contestant, test::UdpRelay* relay,
               const std::string& codec)
    : site_(page_source()), page_(chromium.new_page(site_.url())) {
  connect(contestant, relay, codec);
  learn_origin();
}

void Viewer::connect(RunningContestant& contestant, test::UdpRelay* relay,
                     const std::string& codec) {
  contestant.say({{"type", "add"}, {"epoch", 1}, {"media", "main"}});
  while (true) {
    const auto message = contestant.hear();
    const auto type = message.at("type").get<std::string>();
    if (type == "offer") {
      const auto answered = page_.evaluate("viewer.answer(" + message["sdp"].dump() + ", " +
                                           Json(codec).dump() + ")");
      const auto sdp = answered.get<std::string>();
      contestant.say({{"type", "answer"},
                      {"epoch", 1},
                      {"sdp", relay != nullptr ? test::without_candidates(sdp) : sdp}});
    } else if (type == "candidate") {
      const auto candidate = message["candidate"].get<std::string>();
      const auto led = relay != nullptr ? relay->lead_through(candidate) : candidate;
      if (led)
        page_.evaluate("viewer.candidate(" + Json(*led).dump() + ", " +
                       message["sdpMLineIndex"].dump() + ")");
    } else if (type == "peer" && message["state"] == "failed") {
      throw std::runtime_error("the streamer says: " + message.dump());
    } else if (type == "peer" && message["state"] == "first-frame") {
      break;
    }
  }
  contestant.say({{"type", "control"}, {"epoch", 1}});
  page_.wait_for("viewer.decoded.frames > 0 && viewer.input?.readyState === 'open'");
}

/// The page's clock is read between two readings of ours; the closest pair counts.
void Viewer::learn_origin() {
  constexpr int readings = 100;
  double closest = std::numeric_limits<double>::max();
  for (int i = 0; i < readings; ++i) {
    const double before = monotonic_ms();
    const auto now = page_.evaluate("performance.now()").get<double>();
    const double after = monotonic_ms();
    if (after - before >= closest) continue;
    closest = after - before;
    origin_ = (before + after) / 2 - now;
  }
}

std::optional<Viewer::Seen> Viewer::became(bool bright) {
  const auto times = page_.evaluate("Promise.all([viewer.decoded.became(" + script_of(bright) +
                                    "), viewer.shown.became(" + script_of(bright) + ")])");
  if (times.at(0).is_null() || times.at(1).is_null()) return std::nullopt;
  return Seen{origin_ + times[0].get<double>(), origin_ + times[1].get<double>()};
}

double Viewer::press_key() {
  page_.press("a");
  return origin_ + page_.evaluate("viewer.pressedAt").get<double>();
}

Viewer::Totals Viewer::totals() {
  const auto totals = page_.evaluate("viewer.totals()");
  return {totals.at("bytes").get<double>(), totals.at("frames").get<double>()};
}

void Viewer::look_away() {
  page_.evaluate("void (viewer.isSilent = true)");
}

void Viewer::log_numbers(int x, int y) {
  page_.evaluate("viewer.logNumbers(" + Json{{"x", x}, {"y", y}}.dump() + ")");
}

std::vector<Viewer::Noted> Viewer::logged() {
  std::vector<Noted> all;
  for (const auto& entry : page_.evaluate("viewer.log.seen"))
    all.push_back({origin_ + entry.at(0).get<double>(), entry.at(1).get<int>()});
  return all;
}

void Viewer::collect(int x, int y, int every, int most) {
  const Json what{{"x", x}, {"y", y}, {"every", every}, {"most", most}};
  page_.evaluate("viewer.collect(" + what.dump() + ")");
}

std::vector<Viewer::Picture> Viewer::collected() {
  std::vector<Picture> pictures;
  const auto numbers = page_.evaluate("viewer.numbers()");
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto text = page_.evaluate("viewer.picture(" + std::to_string(i) + ")");
    pictures.push_back({numbers[i].get<int>(), decode(text.get<std::string>())});
  }
  return pictures;
}

std::vector<std::uint8_t> Viewer::last_picture() {
  return decode(page_.evaluate("viewer.lastPicture()").get<std::string>());
}

}  // namespace aerie::bench
