#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <gst/gst.h>

#include "guest/stream/log.hpp"
#include "guest/stream/own_certificate.hpp"
#include "guest/stream/pipeline.hpp"
#include "guest/stream/probe/ice_probe.hpp"
#include "guest/stream/streamer.hpp"

namespace {

/// The descriptor named by AERIE_CONTROL_FD; -1 when there is none.
int control_descriptor() {
  const char* text = std::getenv("AERIE_CONTROL_FD");
  int descriptor = -1;
  if (!text) return -1;
  const auto* end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, descriptor);
  return error == std::errc{} && stop == end ? descriptor : -1;
}

/// `--check`: says what is there, for `aerie doctor`; leaves GStreamer's registry behind.
int check() {
  gst_init(nullptr, nullptr);
  std::printf("%s\n", aerie::stream::element_list().dump().c_str());
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  aerie::stream::spare_default_key();
  if (count == 2 && std::strcmp(arguments[1], "--network-test") == 0)
    return aerie::stream::run_network_test();
  if (count == 2 && std::strcmp(arguments[1], "--check") == 0) return check();
  const int control = control_descriptor();
  if (control < 0) {
    aerie::stream::log_line(
        "aerie-stream is started by the guest supervisor, which sets AERIE_CONTROL_FD.");
    return 2;
  }
  gst_init(nullptr, nullptr);
  aerie::stream::EventLoop loop;
  int status = 0;
  const auto finish = [&](int with) {
    status = with;
    loop.stop();
  };
  const auto terminate = loop.on_signal(SIGTERM, [&] { finish(0); });
  const auto interrupt = loop.on_signal(SIGINT, [&] { finish(0); });
  {
    const aerie::stream::Streamer streamer{loop, aerie::UniqueFd{control}, finish};
    loop.run();
  }
  return status;
}
