#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <thread>

#include "guest/audio_server.hpp"
#include "runtime/process/temporary_directory.hpp"

namespace aerie::stream::testing {

/// A PulseAudio as guests have it, with PULSE_SERVER set to it; killed at the end.
class AudioServer {
 public:
  AudioServer();
  ~AudioServer();
  AudioServer(const AudioServer&) = delete;
  AudioServer& operator=(const AudioServer&) = delete;

  /// Ends the server at once and waits for its end.
  void kill();
  [[nodiscard]] const std::string& address() const { return address_; }
  /// Its processor time so far, in clock ticks.
  [[nodiscard]] long ticks() const;

 private:
  aerie::testing::TemporaryDirectory directory_;
  std::string address_;
  pid_t pid_ = -1;
};

/// A program that plays a sine of 440 Hz, at half of full scale, as long as it lives.
class Tone {
 public:
  explicit Tone(const std::string& server);
  ~Tone();
  Tone(const Tone&) = delete;
  Tone& operator=(const Tone&) = delete;

 private:
  std::atomic<bool> is_over_ = false;
  std::thread player_;
};

}  // namespace aerie::stream::testing
