#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "guest/stream/event_loop.hpp"
#include "guest/stream/gst_ptr.hpp"
#include "guest/stream/media_clock.hpp"
#include "guest/stream/pipeline.hpp"
#include "messages/cause.hpp"

namespace aerie::stream::testing {

/// A viewer within the test: a receiving webrtcbin that decodes what comes. Everything it learns is
/// noted on the loop's thread.
class Viewer : public std::enable_shared_from_this<Viewer> {
 public:
  using Say = std::function<void(Json)>;

  /// `say` takes the viewer's answer and candidates, as control messages for `epoch`.
  static std::shared_ptr<Viewer> create(EventLoop& loop, Epoch epoch, Codec codec, Say say);
  ~Viewer();

  /// From the first packet on asks for what is lost, and waits for it as a browser does. Before
  /// anything is negotiated.
  void mind_losses();
  void take_offer(const std::string& sdp);
  /// As a player: offers to receive audio, which nobody has, and a video in its codec; `say` takes
  /// the offer as an `add`.
  void offer();
  void take_answer(const std::string& sdp);
  void take_candidate(const std::string& candidate, unsigned line);
  /// Over the channel of that name, `input` or `pointer`.
  void send(const std::string& channel, const std::string& text);
  /// Over `files`.
  void send_bytes(const std::string& bytes);

  [[nodiscard]] bool has_channels() const {
    return open_.contains("input") && open_.contains("pointer");
  }
  [[nodiscard]] bool has_files() const { return open_.contains("files"); }
  [[nodiscard]] bool has_heard(const Json& message) const;
  [[nodiscard]] bool was_refused(const std::string& reason) const;
  /// Packets that came a second time because they were asked for.
  [[nodiscard]] unsigned retransmitted() const;
  int frames = 0;
  std::uint32_t middle = 0;  ///< 0xRRGGBB of the middle of the last frame
  std::uint32_t mark = 0;    ///< the same where a recording's mark is
  int width = 0;             ///< of the last frame
  int height = 0;
  std::vector<Json> heard;  ///< what came over the channels
  std::string bytes;        ///< the pieces of files that came, without their headers
  std::string answer;

 private:
  Viewer(EventLoop& loop, Epoch epoch, Codec codec, Say say);
  struct Home {
    EventLoop* loop;
    std::weak_ptr<Viewer> viewer;
    void post(std::function<void(Viewer&)> job) const;
    static const Home& of(gpointer data) { return *static_cast<const Home*>(data); }
  };
  void start();
  gpointer home() { return new Home{&loop_, weak_from_this()}; }
  void connect(gpointer object, const char* signal, GCallback callback);
  void adopt(GstWebRTCDataChannel* channel);
  void answer_offer();
  void offer_made(GstWebRTCSessionDescription* description);
  void answer_made(GstWebRTCSessionDescription* description);

  static void on_transceiver(GstElement*, GstObject* transceiver, gpointer);
  static void on_pad(GstElement*, GstPad* pad, gpointer home);
  static void on_candidate(GstElement*, guint line, gchar* candidate, gpointer home);
  static void on_channel(GstElement*, GstWebRTCDataChannel* channel, gpointer home);
  static void on_text(GstWebRTCDataChannel*, gchar* text, gpointer home);
  static void on_bytes(GstWebRTCDataChannel*, GBytes* bytes, gpointer home);
  [[nodiscard]] GstWebRTCDataChannel* channel(const std::string& label) const;
  static GstFlowReturn on_sample(GstElement* sink, gpointer home);

  EventLoop& loop_;
  Epoch epoch_;
  Codec codec_;
  Say say_;
  MediaClock clock_;
  Pipeline pipeline_;
  GstPtr<GstElement> webrtc_;
  std::vector<GstPtr<GstWebRTCDataChannel>> channels_;
  std::set<std::string> open_;
};

}  // namespace aerie::stream::testing
