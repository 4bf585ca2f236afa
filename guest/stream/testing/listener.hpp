#pragma once

#include <functional>
#include <memory>
#include <string>

#include "guest/stream/control_messages.hpp"
#include "guest/stream/event_loop.hpp"
#include "guest/stream/media_clock.hpp"
#include "guest/stream/pipeline.hpp"

namespace aerie::stream::testing {

/// A listener within the test: a receiving webrtcbin that decodes the sound that comes. Everything
/// it learns is noted on the loop's thread.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Say = std::function<void(Json)>;

  /// `say` takes the listener's answer and candidates, as control messages for `epoch`.
  static std::shared_ptr<Listener> create(EventLoop& loop, Epoch epoch, Say say);
  ~Listener();

  void take_offer(const std::string& sdp);
  void take_candidate(const std::string& candidate, unsigned line);

  std::string offer;
  std::uint32_t rtp_time = 0;  ///< of the last packet, 48,000 a second
  int packets = 0;             ///< that came
  int loudest = 0;             ///< of the last 20 ms, 0 to 32,767
  int loud_packets = 0;        ///< with more than a tenth of full scale

 private:
  struct Home {
    EventLoop* loop;
    std::weak_ptr<Listener> listener;
    void post(std::function<void(Listener&)> job) const;
    static const Home& of(gpointer data) { return *static_cast<const Home*>(data); }
  };
  Listener(EventLoop& loop, Epoch epoch, Say say);
  void start();
  [[nodiscard]] Home home() { return {&loop_, weak_from_this()}; }
  void connect(gpointer object, const char* signal, GCallback callback);
  void make_answer();
  void answer_made(const GstPtr<GstWebRTCSessionDescription>& answer);

  static void on_pad(GstElement*, GstPad* pad, gpointer home);
  static void on_candidate(GstElement*, guint line, gchar* candidate, gpointer home);
  static GstPadProbeReturn on_packet(GstPad*, GstPadProbeInfo* info, gpointer home);
  static GstFlowReturn on_sample(GstElement* sink, gpointer home);

  EventLoop& loop_;
  Epoch epoch_;
  Say say_;
  MediaClock clock_;
  Pipeline pipeline_;
  GstPtr<GstElement> webrtc_;
};

}  // namespace aerie::stream::testing
