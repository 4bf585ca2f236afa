#include "guest/audio_server.hpp"

#include <sys/stat.h>
#include <utility>

#include "runtime/process/unix_socket.hpp"

namespace aerie::guest {
namespace {

constexpr int listening_fd = 3;  // where sd_listen_fds(3) begins to count

}  // namespace

Result<AudioServer> AudioServer::make(std::string directory) {
  ::mkdir(directory.c_str(), 0700);  // where that fails, listening names the path
  auto listener = listen_unix(directory + "/native");
  if (!listener) return tl::unexpected(listener.error());
  return AudioServer{std::move(directory), std::move(*listener)};
}

AudioServer::AudioServer(std::string directory, UniqueFd listener)
    : directory_(std::move(directory)), listener_(std::move(listener)) {}

SpawnRequest AudioServer::request() const {
  SpawnRequest request;
  // Only the process itself can say its number, without which the descriptors are not for it.
  request.argv = {"sh", "-c", R"(LISTEN_PID=$$ exec "$@")", "audio", audio_program};
  for (const auto* option : {"-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1",
                             "--realtime=no", "--high-priority=no", "--disallow-module-loading",
                             "--disallow-exit", "--log-target=stderr", "--log-level=error"})
    request.argv.emplace_back(option);
  request.argv.emplace_back("-L");
  request.argv.emplace_back("module-null-sink sink_name=aerie rate=48000 channels=2");
  request.argv.emplace_back("-L");
  // Whoever reaches the socket is the guest's.
  request.argv.push_back(
      std::string{"module-native-protocol-unix auth-anonymous=1 auth-cookie-enabled=0 socket="}
          .append(socket()));
  request.env = {
      {"LISTEN_FDS", "1"},
      {"PULSE_RUNTIME_PATH", directory_},
      {"PULSE_STATE_PATH", directory_},
      // Named, so that it starts no bus; there is none.
      {"DBUS_SESSION_BUS_ADDRESS", std::string{"unix:path="}.append(directory_) + "/no-bus"}};
  request.fds = {{listener_.get(), listening_fd}};
  return request;
}

Environment AudioServer::client_environment() const {
  return {{"PULSE_SERVER", std::string{"unix:"}.append(socket())}};
}

}  // namespace aerie::guest
