#pragma once

#include <string>

#include "guest/command_line.hpp"
#include "messages/cause.hpp"
#include "runtime/process/spawn.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::guest {

inline constexpr const char* audio_program = "pulseaudio";

/// The builtin `audio`: a PulseAudio whose only sink plays into nothing; the streamer records what
/// comes there. It has one socket, by path in the guest's own runtime directory (an abstract one
/// would cross the sandbox), and neither D-Bus, real-time scheduling nor devices.
///
/// The socket is made here and passed on listening (sd_listen_fds(3), which PulseAudio takes for
/// its native protocol): programs that connect while it still starts wait there, so nothing else
/// waits for it. It is nobody's once PulseAudio has ended, and refuses then.
class AudioServer {
 public:
  /// Listens in `directory`, which is made where it is missing. Errors: those of `listen_unix`.
  [[nodiscard]] static Result<AudioServer> make(std::string directory);

  /// What to start; its descriptor is lent by this object until `on_started`.
  [[nodiscard]] SpawnRequest request() const;
  void on_started() { listener_.reset(); }

  /// What programs need that are to be heard, and the streamer that listens.
  [[nodiscard]] Environment client_environment() const;

 private:
  AudioServer(std::string directory, UniqueFd listener);
  [[nodiscard]] std::string socket() const { return directory_ + "/native"; }

  std::string directory_;
  UniqueFd listener_;
};

}  // namespace aerie::guest
