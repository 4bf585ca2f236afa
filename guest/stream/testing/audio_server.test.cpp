#include "guest/stream/testing/audio_server.hpp"

#include <array>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <numbers>
#include <pulse/error.h>
#include <pulse/simple.h>
#include <stdexcept>
#include <sys/wait.h>

#include "guest/stream/audio_capture.hpp"
#include "runtime/process/spawn.hpp"

namespace aerie::stream::testing {
namespace {

/// 20 ms; a second has whole periods of 440 Hz.
constexpr std::size_t frames = audio_rate / 50;

}  // namespace

AudioServer::AudioServer() {
  auto server = guest::AudioServer::make(directory_.path() + "/audio");
  if (!server) throw std::runtime_error(server.error().message);
  address_ = server->client_environment().at("PULSE_SERVER");
  auto request = server->request();
  for (const auto& [name, value] : guest::own_environment())
    request.env.emplace_back(name, value);
  const auto child = spawn(request);
  if (!child) throw std::runtime_error(child.error().cause.message);
  pid_ = child->pid;
  ::setenv("PULSE_SERVER", address_.c_str(), 1);
}

AudioServer::~AudioServer() {
  kill();
  ::unsetenv("PULSE_SERVER");
}

void AudioServer::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

long AudioServer::ticks() const {
  std::ifstream file{"/proc/" + std::to_string(pid_) + "/stat"};
  std::string word;
  long user = 0;
  long kernel = 0;
  for (int i = 0; i < 13; ++i)  // proc(5): utime and stime are the 14th and 15th
    file >> word;
  file >> user >> kernel;
  return user + kernel;
}

Tone::Tone(const std::string& server) {
  const pa_sample_spec format{PA_SAMPLE_S16LE, audio_rate, audio_channels};
  pa_buffer_attr buffer{};
  buffer.maxlength = buffer.prebuf = buffer.minreq = buffer.fragsize =
      static_cast<std::uint32_t>(-1);
  buffer.tlength = frames * audio_channels * sizeof(std::int16_t) * 2;
  int error = 0;
  std::shared_ptr<pa_simple> sink{pa_simple_new(server.c_str(), "tone", PA_STREAM_PLAYBACK, nullptr,
                                                "tone", &format, nullptr, &buffer, &error),
                                  [](pa_simple* open) {
                                    if (open != nullptr) pa_simple_free(open);
                                  }};
  if (!sink) throw std::runtime_error(pa_strerror(error));
  player_ = std::thread([this, sink] {
    std::array<std::int16_t, frames * audio_channels> samples{};
    for (std::size_t at = 0; !is_over_; at += frames) {
      for (std::size_t i = 0; i < frames; ++i) {
        const auto turns = 440.0 * static_cast<double>((at + i) % audio_rate) / audio_rate;
        const auto value =
            static_cast<std::int16_t>(16'000 * std::sin(2 * std::numbers::pi * turns));
        samples.at(2 * i) = samples.at(2 * i + 1) = value;
      }
      // Fails when the server has gone: then there is nobody to play to.
      if (pa_simple_write(sink.get(), samples.data(), sizeof samples, nullptr) < 0) return;
    }
  });
}

Tone::~Tone() {
  is_over_ = true;
  player_.join();
}

}  // namespace aerie::stream::testing
