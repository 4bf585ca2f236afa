#include "guest/stream/event_loop.hpp"

#include <glib-unix.h>

namespace aerie::stream {
namespace {

using Job = EventLoop::Job;
using Ready = std::function<void(GIOCondition)>;

gboolean run_and_end(gpointer data) {
  (*static_cast<Job*>(data))();
  return G_SOURCE_REMOVE;
}

gboolean run_and_stay(gpointer data) {
  (*static_cast<Job*>(data))();
  return G_SOURCE_CONTINUE;
}

gboolean descriptor_ready(gint, GIOCondition conditions, gpointer data) {
  (*static_cast<Ready*>(data))(conditions);
  return G_SOURCE_CONTINUE;
}

template <class T>
void destroy(gpointer data) {
  delete static_cast<T*>(data);
}

}  // namespace

EventLoop::EventLoop()
    : context_(g_main_context_new()), loop_(g_main_loop_new(context_.get(), FALSE)) {}

EventSource EventLoop::attach(GSource* source, Job job) {
  g_source_set_callback(source, run_and_end, new Job(std::move(job)), destroy<Job>);
  g_source_attach(source, context_.get());
  return EventSource{source};
}

void EventLoop::post(Job job) {
  GSource* source = g_idle_source_new();
  g_source_set_priority(source, G_PRIORITY_DEFAULT);
  g_source_set_callback(source, run_and_end, new Job(std::move(job)), destroy<Job>);
  g_source_attach(source, context_.get());
  g_source_unref(source);
}

EventSource EventLoop::watch(int fd, GIOCondition conditions, Ready ready) {
  GSource* source = g_unix_fd_source_new(
      fd, static_cast<GIOCondition>(conditions | G_IO_ERR | G_IO_HUP | G_IO_NVAL));
  g_source_set_callback(source, G_SOURCE_FUNC(descriptor_ready), new Ready(std::move(ready)),
                        destroy<Ready>);
  g_source_attach(source, context_.get());
  return EventSource{source};
}

EventSource EventLoop::after(std::chrono::milliseconds delay, Job due) {
  return attach(g_timeout_source_new(static_cast<guint>(delay.count())), std::move(due));
}

EventSource EventLoop::on_signal(int number, Job raised) {
  GSource* source = g_unix_signal_source_new(number);
  g_source_set_callback(source, run_and_stay, new Job(std::move(raised)), destroy<Job>);
  g_source_attach(source, context_.get());
  return EventSource{source};
}

void EventLoop::run() {
  g_main_loop_run(loop_.get());
}

void EventLoop::stop() {
  // Posted, so that a stop asked for before `run` counts as well.
  post([this] { g_main_loop_quit(loop_.get()); });
}

}  // namespace aerie::stream
