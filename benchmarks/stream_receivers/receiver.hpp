#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "guest/stream/pipeline.hpp"
#include "guest/stream/webrtc_parts.hpp"

namespace aerie::bench {

/// A viewer that takes a stream's packets, asks for lost ones and for key frames, and gives
/// feedback as browsers do, but puts pictures together without decoding them. On the loop's thread.
class Receiver : public std::enable_shared_from_this<Receiver> {
 public:
  using Say = std::function<void(const Json&)>;

  /// `say` takes its answer and candidates, as control messages for `epoch`.
  [[nodiscard]] static std::shared_ptr<Receiver> create(stream::EventLoop& loop,
                                                        stream::Epoch epoch, stream::Codec codec,
                                                        Say say);
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;
  ~Receiver();

  void take_offer(const std::string& sdp);
  void add_candidate(const std::string& candidate, unsigned line);
  /// That came whole, and can be decoded after those before.
  [[nodiscard]] int pictures() const { return pictures_; }
  [[nodiscard]] bool has_ended() const { return false; }

 private:
  using Home = stream::PeerHome<Receiver>;

  Receiver(stream::EventLoop& loop, stream::Epoch epoch, stream::Codec codec, Say say,
           stream::Pipeline pipeline);
  [[nodiscard]] Home home() { return {loop_, weak_from_this()}; }
  void start();
  void make_answer();
  void answer_made(const stream::GstPtr<GstWebRTCSessionDescription>& answer);
  void attach(GstPad* pad);

  static void on_candidate(GstElement*, guint line, gchar* candidate, gpointer home);
  static void on_transceiver(GstElement*, GObject* transceiver, gpointer home);
  static void on_pad(GstElement*, GstPad* pad, gpointer receiver);
  static GstPadProbeReturn on_picture(GstPad*, GstPadProbeInfo*, gpointer receiver);

  stream::EventLoop& loop_;
  stream::Epoch epoch_;
  stream::Codec codec_;
  Say say_;
  std::atomic<int> pictures_ = 0;
  stream::Pipeline pipeline_;
  stream::GstPtr<GstElement> webrtc_;
  stream::RemoteCandidates candidates_;
};

}  // namespace aerie::bench
