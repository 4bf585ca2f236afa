#include "guest/stream/encoder_chooser.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <set>

#include "guest/stream/encoder.hpp"
#include "guest/stream/encoder_trial.hpp"
#include "guest/stream/testing/rig.hpp"
#include "tests/support/variable.hpp"

using namespace aerie::stream;

namespace {

/// A machine where these elements are installed, some of which do not work.
struct Machine {
  std::set<std::string> installed;
  std::map<std::string, std::string> broken;
  std::vector<std::string> tried;

  [[nodiscard]] EncoderChooser chooser() {
    return {encoder_kinds(),
            {.is_installed =
                 [this](const EncoderKind& kind) { return installed.contains(kind.element); },
             .trial = [this](const EncoderKind& kind) -> std::optional<std::string> {
               tried.emplace_back(kind.element);
               const auto found = broken.find(kind.element);
               return found == broken.end() ? std::nullopt : std::optional{found->second};
             }}};
  }
};

std::string chosen(const EncoderChooser& chooser, Codec codec) {
  const auto choice = chooser.choose(codec);
  return choice.kind != nullptr ? choice.kind->element : "";
}

}  // namespace

TEST_CASE("without hardware the software encoder is used, and the reason says so", "[encoder]") {
  Machine machine{{"x264enc", "vp8enc"}, {}, {}};
  auto chooser = machine.chooser();
  chooser.try_hardware();
  CHECK(machine.tried.empty());
  CHECK(chosen(chooser, Codec::h264) == "x264enc");
  CHECK(chooser.choose(Codec::h264).reason ==
        "x264enc: the viewer takes H.264; vah264enc, vaapih264enc and "
        "nvh264enc are not here.");
  CHECK(chooser.choose(Codec::vp8).reason == "vp8enc: the viewer takes VP8.");
}

TEST_CASE("hardware is used once it was tried, the better one first", "[encoder]") {
  Machine machine{{"vah264enc", "nvh264enc", "x264enc"}, {}, {}};
  auto chooser = machine.chooser();
  CHECK(chosen(chooser, Codec::h264) == "x264enc");
  CHECK_THAT(chooser.choose(Codec::h264).reason,
             Catch::Contains("vah264enc and nvh264enc could not be tried yet"));
  chooser.try_hardware();
  CHECK(machine.tried == std::vector<std::string>{"vah264enc", "nvh264enc"});
  CHECK(chosen(chooser, Codec::h264) == "vah264enc");
  CHECK(chooser.choose(Codec::h264).reason == "vah264enc: the viewer takes H.264.");
  chooser.try_hardware();
  CHECK(machine.tried.size() == 2);
}

TEST_CASE("hardware that fails gives way, at its trial or later", "[encoder]") {
  Machine machine{{"vah264enc", "nvh264enc", "x264enc"}, {{"vah264enc", "no device"}}, {}};
  auto chooser = machine.chooser();
  chooser.try_hardware();
  CHECK(chosen(chooser, Codec::h264) == "nvh264enc");
  CHECK(chooser.choose(Codec::h264).reason ==
        "nvh264enc: the viewer takes H.264; vaapih264enc is not here; "
        "vah264enc failed: no "
        "device.");
  chooser.rule_out(*chooser.choose(Codec::h264).kind, "out of memory");
  CHECK(chosen(chooser, Codec::h264) == "x264enc");
  CHECK_THAT(chooser.choose(Codec::h264).reason,
             Catch::Contains("nvh264enc failed: out of memory"));
  // There is nothing behind software.
  chooser.rule_out(*chooser.choose(Codec::h264).kind, "a bad day");
  CHECK(chosen(chooser, Codec::h264) == "x264enc");
}

TEST_CASE("a codec of which nothing is here has no encoder", "[encoder]") {
  Machine machine{{"x264enc"}, {}, {}};
  auto chooser = machine.chooser();
  CHECK(chosen(chooser, Codec::vp8).empty());
  CHECK(chooser.choose(Codec::vp8).reason == "none: the viewer takes VP8; vp8enc is not here.");
}

TEST_CASE("a trial encodes a picture, or says why it can't", "[encoder]") {
  gst_init(nullptr, nullptr);
  for (const auto& kind : encoder_kinds())
    if (!kind.is_hardware) CHECK(try_encoder(kind) == std::nullopt);
  const EncoderKind absent{"nosuchenc", Codec::h264, true,
                           [](const VideoFormat&) { return std::string{"nosuchenc name=encoder"}; },
                           nullptr};
  CHECK_THAT(try_encoder(absent).value_or(""), Catch::Contains("nosuchenc"));
  // One that takes pictures and gives nothing.
  const EncoderKind silent{
      "valve", Codec::h264, true,
      [](const VideoFormat&) { return std::string{"valve name=encoder drop=true"}; }, nullptr};
  CHECK_THAT(try_encoder(silent, std::chrono::milliseconds{50}).value_or(""),
             Catch::Contains("within 50 ms"));
  // One that breaks at its first picture.
  const EncoderKind broken{
      "identity", Codec::h264, true,
      [](const VideoFormat&) { return std::string{"identity name=encoder error-after=1"}; },
      nullptr};
  CHECK(try_encoder(broken));
}

TEST_CASE("each viewer's encoder is told with the reason", "[stream][encoder]") {
  testing::Rig rig;
  testing::Painter painter;
  painter.paint(0x4060A0);
  REQUIRE(rig.start());
  REQUIRE(rig.join(1, Codec::h264));
  REQUIRE(rig.join(2, Codec::vp8));
  const auto said = rig.said("encoder");
  REQUIRE(said.size() == 2);
  CHECK(said[0]["epoch"] == 1);
  CHECK(said[0]["codec"] == "h264");
  CHECK_THAT(said[0]["reason"],
             Catch::StartsWith(said[0]["encoder"].get<std::string>() + ": the viewer takes H.264"));
  CHECK(said[1]["encoder"] == "vp8enc");
}

TEST_CASE("configured codecs are offered in their order, and seen", "[stream][encoder]") {
  const aerie::test::Variable codecs{"AERIE_CODECS", "vp9,vp8"};
  testing::Rig rig;
  testing::Painter painter;
  painter.paint(0xC02040);
  REQUIRE(rig.start());
  CHECK(rig.said("ready").front()["codecs"] == aerie::Json{"vp9", "vp8"});
  const auto viewer = rig.join(1, Codec::vp9);
  REQUIRE(viewer);
  CHECK(rig.said("encoder").front()["encoder"] == "vp9enc");
  CHECK(rig.until([&] { return (viewer->middle >> 16U) > 0xA0; }));
}
