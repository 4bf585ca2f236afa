#include "guest/stream/first_flight.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nice/agent.h>
#include <vector>

#include "guest/stream/ice.hpp"

using namespace std::chrono_literals;

namespace aerie::stream {

namespace {

/// What came out of a bin, by its size.
class Arrivals {
 public:
  void add(std::size_t bytes) {
    {
      const std::lock_guard lock(mutex_);
      bytes_.push_back(bytes);
    }
    arrived_.notify_one();
  }
  std::vector<std::size_t> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, 20s, [&] { return bytes_.size() >= count; });
    return bytes_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<std::size_t> bytes_;
};

GstPtr<GstElement> make_webrtc() {
  gst_init(nullptr, nullptr);
  return GstPtr<GstElement>::sink(gst_element_factory_make("webrtcbin", nullptr));
}

/// A receiver of libnice's in a bin, where the test receives for it.
class Receiver {
 public:
  Receiver() {
    bin_ = GstPtr<GstElement>::sink(gst_bin_new(nullptr));
    agent_ = agent_of(webrtc_.get());
    hold_until_selected(bin_.get(), agent_.get());
    auto* const source = gst_element_factory_make("nicesrc", nullptr);
    REQUIRE(source);
    gst_bin_add(GST_BIN(bin_.get()), source);
    out_ = GstPtr<GstPad>{gst_element_get_static_pad(source, "src")};
    in_ = GstPtr<GstPad>::sink(gst_pad_new("sink", GST_PAD_SINK));
    g_object_set_data(G_OBJECT(in_.get()), "arrivals", &arrivals_);
    gst_pad_set_chain_function(in_.get(), [](GstPad* pad, GstObject*, GstBuffer* packet) {
      static_cast<Arrivals*>(g_object_get_data(G_OBJECT(pad), "arrivals"))
          ->add(gst_buffer_get_size(packet));
      gst_buffer_unref(packet);
      return GST_FLOW_OK;
    });
    gst_pad_activate_mode(in_.get(), GST_PAD_MODE_PUSH, TRUE);
    REQUIRE(gst_pad_link(out_.get(), in_.get()) == GST_PAD_LINK_OK);
    // Its own way would start its thread.
    gst_pad_set_activatemode_function(
        out_.get(), [](GstPad*, GstObject*, GstPadMode, gboolean) -> gboolean { return TRUE; });
    gst_pad_activate_mode(out_.get(), GST_PAD_MODE_PUSH, TRUE);
    gst_pad_push_event(out_.get(), gst_event_new_stream_start("test"));
    GstSegment segment;
    gst_segment_init(&segment, GST_FORMAT_TIME);
    gst_pad_push_event(out_.get(), gst_event_new_segment(&segment));
  }
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver() {
    for (const auto& pad : {out_, in_})
      gst_pad_activate_mode(pad.get(), GST_PAD_MODE_PUSH, FALSE);
    gst_pad_unlink(out_.get(), in_.get());
  }

  void receive(std::size_t bytes) {
    gst_pad_push(out_.get(), gst_buffer_new_allocate(nullptr, bytes, nullptr));
  }
  void select() { g_signal_emit_by_name(agent_.get(), "new-selected-pair", 1U, 1U, "1", "2"); }
  Arrivals& arrivals() { return arrivals_; }

 private:
  GstPtr<GstElement> webrtc_ = make_webrtc();
  GstPtr<GstElement> bin_;
  GstPtr<GObject> agent_;
  GstPtr<GstPad> out_;
  GstPtr<GstPad> in_;
  Arrivals arrivals_;
};

}  // namespace

TEST_CASE("what comes before a pair is selected goes on, in order, when it is", "[ice]") {
  Receiver receiver;
  receiver.receive(1200);
  receiver.receive(263);
  CHECK(receiver.arrivals().wait_for(0).empty());
  receiver.select();
  CHECK(receiver.arrivals().wait_for(2) == std::vector<std::size_t>{1200, 263});
  receiver.receive(7);
  CHECK(receiver.arrivals().wait_for(3) == std::vector<std::size_t>{1200, 263, 7});
  receiver.select();  // another pair, later
  receiver.receive(8);
  CHECK(receiver.arrivals().wait_for(4) == std::vector<std::size_t>{1200, 263, 7, 8});
}

TEST_CASE("no more than a handshake's beginning is held", "[ice]") {
  Receiver receiver;
  for (std::size_t i = 1; i <= 100; ++i)
    receiver.receive(i);
  receiver.select();
  CHECK(receiver.arrivals().wait_for(16).size() == 16);
  receiver.receive(1000);
  CHECK(receiver.arrivals().wait_for(17) ==
        std::vector<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 1000});
}

TEST_CASE("a peer takes the first pair that works", "[ice]") {
  const auto webrtc = make_webrtc();
  set_up_ice(webrtc.get(), {});
  const auto agent = agent_of(webrtc.get());
  NiceNominationMode mode{};
  g_object_get(agent.get(), "nomination-mode", &mode, nullptr);
  CHECK(mode == NICE_NOMINATION_MODE_AGGRESSIVE);
}

}  // namespace aerie::stream
