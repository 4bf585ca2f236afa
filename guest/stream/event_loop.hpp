#pragma once

#include <chrono>
#include <functional>
#include <glib.h>
#include <memory>

namespace aerie::stream {

/// A watch or timer of an `EventLoop`; gone, it never fires again.
class EventSource {
 public:
  EventSource() = default;
  explicit EventSource(GSource* owned) : source_(owned) {}
  void cancel() { source_.reset(); }
  explicit operator bool() const { return source_ != nullptr; }

 private:
  struct Destroy {
    void operator()(GSource* source) const {
      g_source_destroy(source);
      g_source_unref(source);
    }
  };
  std::unique_ptr<GSource, Destroy> source_;
};

/// The streamer's main thread: everything but capture and GStreamer's own threads runs on it.
/// Only `post` and `stop` may be called from other threads.
class EventLoop {
 public:
  using Job = std::function<void()>;

  EventLoop();

  /// Runs `job` on the loop's thread, after those posted before it. Jobs left when the loop ends
  /// are dropped unrun.
  void post(Job job);

  /// Calls `ready` whenever `fd` has one of `conditions` (or an error, or a hang-up).
  [[nodiscard]] EventSource watch(int fd, GIOCondition conditions,
                                  std::function<void(GIOCondition)> ready);
  /// Calls `due` once.
  [[nodiscard]] EventSource after(std::chrono::milliseconds delay, Job due);
  /// Calls `raised` for a UNIX signal (SIGTERM, SIGINT, SIGHUP).
  [[nodiscard]] EventSource on_signal(int number, Job raised);

  /// Dispatches until `stop`.
  void run();
  /// Dispatches one round, waiting for it; the tests' way to run.
  void step() { g_main_context_iteration(context_.get(), TRUE); }
  void stop();

 private:
  struct Unref {
    void operator()(GMainContext* context) const { g_main_context_unref(context); }
    void operator()(GMainLoop* loop) const { g_main_loop_unref(loop); }
  };
  [[nodiscard]] EventSource attach(GSource* source, Job job);

  std::unique_ptr<GMainContext, Unref> context_;
  std::unique_ptr<GMainLoop, Unref> loop_;
};

}  // namespace aerie::stream
