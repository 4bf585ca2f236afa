#include <algorithm>
#include <catch2/catch.hpp>
#include <future>
#include <random>

#include "guest/stream/answer_sdp.hpp"
#include "guest/stream/cursor.hpp"
#include "guest/stream/encoder.hpp"
#include "guest/stream/ice.hpp"
#include "guest/stream/peer_media.hpp"
#include "guest/stream/picture.hpp"

using namespace aerie::stream;

namespace {

std::string answer(const std::string& video) {
  return "v=0\r\no=- 1 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n" + video +
         "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 "
         "0.0.0.0\r\na=mid:application1\r\n";
}

const EncoderKind& kind_of(std::string_view element) {
  const auto kinds = encoder_kinds();
  return *std::find_if(kinds.begin(), kinds.end(),
                       [&](const EncoderKind& kind) { return kind.element == element; });
}

/// Dots as fine as those of letters, in lines, which encoders are not done with for long.
void paint_lines(Picture& picture, unsigned seed) {
  constexpr int line = 18;
  constexpr int letters = 12;
  std::mt19937 random{seed};
  std::vector<std::uint32_t> pixels(static_cast<std::size_t>(picture.width()) * letters);
  for (int top = 0; top + line <= picture.height(); top += line) {
    for (auto& pixel : pixels)
      pixel = random() % 3 == 0 ? static_cast<std::uint32_t>(0x202020 + random() % 100) : 0xFFFFFFU;
    picture.update(reinterpret_cast<const std::uint8_t*>(pixels.data()),
                   {0, top, picture.width(), letters});
  }
}

/// An encoder that is waited for.
class Bench {
 public:
  Bench(const EncoderKind& kind, const VideoFormat& format)
      : picture_(format.width, format.height, format.fps) {
    paint_lines(picture_, 1);
    auto encoder =
        Encoder::create(kind, format, clock_,
                        {.unit =
                             [this](GstSample* unit) {
                               size_.set_value(gst_buffer_get_size(gst_sample_get_buffer(unit)));
                             },
                         .failed = [](const aerie::Cause&) {}});
    REQUIRE(encoder);
    encoder_ = std::move(*encoder);
  }
  void change() { paint_lines(picture_, 2); }
  /// Bytes of the unit that is made of the picture.
  [[nodiscard]] std::size_t encode(PictureUse use, GstClockTime after) {
    size_ = {};
    time_ += after;
    encoder_->push(picture_.frame(time_).get(), use);
    return size_.get_future().get();
  }

 private:
  MediaClock clock_;
  Picture picture_;
  GstClockTime time_ = GST_SECOND;
  std::promise<std::size_t> size_;
  std::unique_ptr<Encoder> encoder_;
};

}  // namespace

TEST_CASE("rectangles grow to even edges within the screen", "[picture]") {
  CHECK(even_rectangle({1, 1, 1, 1}, 100, 100) == Rectangle{0, 0, 2, 2});
  CHECK(even_rectangle({3, 5, 2, 2}, 100, 100) == Rectangle{2, 4, 4, 4});
  CHECK(even_rectangle({-5, -5, 500, 500}, 101, 77) == Rectangle{0, 0, 100, 76});
  CHECK(even_rectangle({100, 0, 1, 10}, 101, 77).width == 0);
}

TEST_CASE("only what changed is read, and what is nearly one area as one", "[picture]") {
  const Rectangle left{10, 10, 8, 16};
  const Rectangle far{90, 60, 8, 16};
  CHECK(areas_to_read({left, far}, 100, 80) == std::vector{left, far});
  CHECK(areas_to_read({{0, 0, 50, 40}, {50, 0, 50, 38}}, 100, 80) ==
        std::vector{Rectangle{0, 0, 100, 40}});
  CHECK(areas_to_read(std::vector<Rectangle>(9, left), 100, 80) == std::vector{left});
  CHECK(areas_to_read({{200, 0, 5, 5}}, 100, 80).empty());
}

TEST_CASE("each codec but the first is offered with its retransmissions", "[offer]") {
  gst_init(nullptr, nullptr);
  const auto formats = [](const std::vector<Codec>& codecs) {
    const auto caps = offered_video(codecs);
    std::vector<std::string> all;
    for (guint i = 0; i < gst_caps_get_size(caps.get()); ++i) {
      const auto* format = gst_caps_get_structure(caps.get(), i);
      int payload = 0;
      CHECK(gst_structure_get_int(format, "payload", &payload));
      const auto* target = gst_structure_get_string(format, "apt");
      all.push_back(std::to_string(payload) + " " +
                    gst_structure_get_string(format, "encoding-name") +
                    (target ? std::string{" of "} + target : ""));
    }
    return all;
  };
  using Formats = std::vector<std::string>;
  CHECK(formats({Codec::h264}) == Formats{"96 H264"});
  CHECK(formats({Codec::h264, Codec::vp8}) == Formats{"96 H264", "98 VP8", "99 rtx of 98"});
  CHECK(formats({Codec::vp9, Codec::h264, Codec::vp8}) ==
        Formats{"100 VP9", "96 H264", "97 rtx of 96", "98 VP8", "99 rtx of 98"});
}

TEST_CASE("the answer's first codec and its extensions count", "[answer]") {
  const auto parsed = parse_answer(
      answer("m=video 9 UDP/TLS/RTP/SAVPF 98 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 H264/90000\r\n"
             "a=rtpmap:98 VP8/90000\r\na=extmap:3 "
             "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n"));
  REQUIRE(parsed);
  CHECK(parsed->video.codec == Codec::vp8);
  CHECK(parsed->video.payload == 98);
  CHECK(parsed->video.playout_id == 3);
  CHECK(parsed->video.transport_cc_id == 0);
}

TEST_CASE("answers without our video are refused", "[answer]") {
  for (const auto& sdp :
       {std::string{"nonsense"}, std::string{},
        answer("m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n"),
        answer("m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 AV1/90000\r\n"),
        answer("m=audio 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 opus/48000\r\n"), answer("")})
    CHECK_FALSE(parse_answer(sdp));
}

TEST_CASE("only candidates with an address over UDP are passed on", "[ice]") {
  CHECK(is_usable_candidate("candidate:1 1 udp 2113937151 127.0.0.1 4000 typ host"));
  CHECK(is_usable_candidate("candidate:1 1 UDP 2113937151 fe80::1 4000 typ host"));
  for (const auto* bad : {"", "candidate:1", "candidate:1 1 udp 1 5b4c.local 4000 typ host",
                          "candidate:1 1 tcp 1 127.0.0.1 9 typ host tcptype active"})
    CHECK_FALSE(is_usable_candidate(bad));
}

TEST_CASE("the range of media ports is read, or nothing", "[ice]") {
  CHECK(media_ports("50000-50015") == std::pair{50'000U, 50'015U});
  for (const auto* text : {"", "50000", "50000-", "0-5", "9-8", "1-65536", "a-b", "1-2-3"}) {
    CAPTURE(text);
    CHECK_FALSE(media_ports(text));
  }
}

TEST_CASE("a TURN server's user and secret are percent-encoded", "[ice]") {
  CHECK(turn_uri("turn:relay:3478?transport=udp", "12:me", "a/b=") ==
        "turn://12%3Ame:a%2Fb%3D@relay:3478?transport=udp");
}

TEST_CASE("a unit has the time of its picture, and the level that was offered", "[encoder]") {
  gst_init(nullptr, nullptr);
  const MediaClock clock;
  const VideoFormat large{1920, 1080, 60};
  Picture picture{large.width, large.height, large.fps};
  std::promise<GstPtr<GstSample>> first;
  auto encoder = Encoder::create(
      kind_of("x264enc"), large, clock,
      {.unit = [&](GstSample* unit) { first.set_value(GstPtr<GstSample>::borrow(unit)); },
       .failed = [](const aerie::Cause&) {}});
  REQUIRE(encoder);
  constexpr GstClockTime time = 5 * GST_SECOND;
  (*encoder)->push(picture.frame(time).get(), PictureUse::change);
  const auto unit = first.get_future().get();
  CHECK(GST_BUFFER_PTS(gst_sample_get_buffer(unit.get())) == time);
  const auto* structure = gst_caps_get_structure(gst_sample_get_caps(unit.get()), 0);
  CHECK(std::string_view{gst_structure_get_string(structure, "level")} == "3.1");
}

TEST_CASE("a picture that only keeps the stream alive costs next to nothing", "[encoder]") {
  gst_init(nullptr, nullptr);
  Bench bench{kind_of(GENERATE("x264enc", "vp8enc", "vp9enc")), {1280, 720, 30}};
  for (int i = 0; i < 24; ++i)
    CHECK(bench.encode(PictureUse::repeat, 18 * GST_MSECOND) > 0);
  for (int i = 0; i < 3; ++i)
    CHECK(bench.encode(PictureUse::keep_alive, 2 * GST_SECOND) < 1'024);
  bench.change();
  std::size_t sum = bench.encode(PictureUse::change, 33 * GST_MSECOND);
  for (int i = 0; i < 6; ++i)
    sum += bench.encode(PictureUse::repeat, 18 * GST_MSECOND);
  CHECK(sum > 10'000);
}

TEST_CASE("the bitrate follows the picture and stays within bounds", "[encoder]") {
  CHECK(bitrate_of({1280, 720, 30}) == 6'912'000);
  CHECK(bitrate_of({64, 64, 1}) == 1'000'000);
  CHECK(bitrate_of({3840, 2160, 120}) == 12'000'000);
}

TEST_CASE("each picture is measured from its encoder's hands to its end", "[encoder]") {
  using namespace std::chrono_literals;
  EncodeMeter meter;
  const EncodeMeter::Clock::time_point start{};
  meter.began(10, start);
  meter.began(20, start + 1ms);
  meter.began(30, start + 2ms);
  meter.ended(20, 100, start + 5ms);  // the one before it was dropped
  meter.ended(10, 7, start + 6ms);
  meter.ended(30, 50, start + 9ms);
  const auto figures = meter.take();
  CHECK(figures.bytes == 157);
  CHECK(figures.times == std::vector<std::chrono::microseconds>{4ms, 7ms});
  CHECK(meter.take().times.empty());
}

TEST_CASE("a cursor is sent in full once, then by its id, and a clear one is hidden", "[cursor]") {
  const std::vector<std::uint32_t> pixels(16, 0x80402010);
  const auto shape = make_cursor_shape(7, 4, 4, pixels.data());
  REQUIRE(shape);
  CursorCache cache;
  const auto first = cache.message_for(*shape);
  CHECK(first["width"] == 4);
  CHECK(first["png"].get<std::string>().starts_with("iVBORw0KGgo"));
  CHECK(cache.message_for(*shape) == aerie::Json{{"type", "cursor"}, {"id", 7}});
  const std::vector<std::uint32_t> clear(16, 0);
  const auto hidden = make_cursor_shape(8, 4, 4, clear.data());
  REQUIRE(hidden);
  CHECK(cache.message_for(*hidden) == aerie::Json{{"type", "cursor"}, {"hidden", true}});
  CHECK_FALSE(make_cursor_shape(9, 10'000, 10'000, nullptr));
}
