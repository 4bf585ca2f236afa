#include "guest/init/machine.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <linux/random.h>
#include <sodium.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "guest/init/devices.hpp"
#include "guest/init/fault.hpp"
#include "guest/init/network.hpp"
#include "guest/init/port_link.hpp"
#include "guest/init/vsock_link.hpp"
#include "runtime/process/environment_file.hpp"
#include "runtime/process/unix_socket.hpp"

namespace aerie::init {
namespace {

constexpr const char* port_name = "aerie.link";
constexpr const char* socket_path = "/run/aerie/link.sock";
constexpr const char* guest_program = "/usr/lib/aerie/aerie-guest";
constexpr uid_t user = 1000;
constexpr const char* home = "/home/user";
constexpr int secret_fd = 3;
constexpr int listen_fd = 4;
constexpr Duration last_words{500};

void set_clock(std::int64_t at_ms) {
  const timespec time{at_ms / 1000, at_ms % 1000 * 1'000'000};
  if (at_ms > 0 && ::clock_settime(CLOCK_REALTIME, &time) != 0)
    say(std::string{"the clock could not be set: "} + std::strerror(errno));
}

/// Counted as random: it comes from the host, whom this guest can't but trust.
void add_entropy(const std::string& hex) {
  std::array<unsigned char, 32> bytes{};
  std::size_t length = 0;
  if (::sodium_hex2bin(bytes.data(), bytes.size(), hex.data(), hex.size(), nullptr, &length,
                       nullptr) != 0 ||
      length == 0)
    return;
  std::vector<int> pool(sizeof(rand_pool_info) / sizeof(int) + bytes.size() / sizeof(int));
  pool[0] = static_cast<int>(length * 8);
  pool[1] = static_cast<int>(length);
  std::memcpy(&pool[2], bytes.data(), length);
  const UniqueFd device{::open("/dev/urandom", O_WRONLY | O_CLOEXEC)};
  if (::ioctl(device.get(), RNDADDENTROPY, pool.data()) != 0)
    say(std::string{"the host's randomness could not be added: "} + std::strerror(errno));
  ::ioctl(device.get(), RNDRESEEDCRNG);  // at once: a saved state repeats itself until then
}

std::string text_of(const Json& message, const char* field) {
  const auto found = message.find(field);
  return found != message.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

std::vector<std::pair<std::string, std::string>> environment(const std::string& media_ports) {
  std::vector<std::pair<std::string, std::string>> env{
      {"HOME", home},
      {"USER", "user"},
      {"LOGNAME", "user"},
      {"SHELL", "/bin/sh"},
      {"PATH", "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"},
      {"LANG", "C.UTF-8"},
      {"TMPDIR", "/tmp"},
      {"XDG_RUNTIME_DIR", "/run/user/1000"},
      {"DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"},
      {"GST_REGISTRY", "/usr/lib/aerie/gst-registry.bin"},
      {"GST_REGISTRY_UPDATE", "no"},
  };
  if (!media_ports.empty()) env.emplace_back("AERIE_MEDIA_PORTS", media_ports);
  return env;
}

/// For the guest's own programs, whose user keeps it up to date from here on.
void write_environment(const Json& variables) {
  std::vector<std::pair<std::string, std::string>> wanted;
  for (const auto& [name, value] : variables.items())
    if (value.is_string()) wanted.emplace_back(name, value.get<std::string>());
  if (::access(environment_file, F_OK) != 0) std::ofstream{environment_file}.flush();
  set_in_environment_file(wanted);
  if (::chown(environment_file, user, user) != 0) say("/etc/environment stays root's");
}

void make_directories() {
  for (const auto* path : {"/run/aerie", "/run/user"})
    ::mkdir(path, 0755);
  ::mkdir("/run/user/1000", 0700);
  if (::chown("/run/user/1000", user, user) != 0) say("/run/user/1000 stays root's");
}

}  // namespace

Machine::Machine(Reactor& reactor, BootOptions options, std::function<void()> on_end)
    : reactor_(reactor), options_(std::move(options)), on_end_(std::move(on_end)) {}

Result<void> Machine::open() {
  make_directories();
  auto listener = listen_unix(socket_path);
  if (!listener) return tl::unexpected(listener.error());
  listener_ = std::move(*listener);
  auto link = open_link();
  if (!link) return tl::unexpected(link.error());
  link_ = std::move(*link);
  say("waiting for the host");
  return {};
}

Result<std::unique_ptr<MachineLink>> Machine::open_link() {
  LinkEvents events{[this](const Json& message) {
                      // Once in a guest's life, and once in each life after that.
                      if (message.at("type") == "renew") return mend(message);
                      if (!guest_) on_birth(message);
                    },
                    [this] {
                      auto connection =
                          guest_ ? connect_unix(socket_path) : Result<UniqueFd>{UniqueFd{}};
                      return connection ? std::move(*connection) : UniqueFd{};
                    }};
  if (options_.vsock_port) {
    auto listener = listen_vsock(*options_.vsock_port);
    if (!listener) return tl::unexpected(listener.error());
    knock_ = knock_vsock(*options_.vsock_port);
    return VsockLink::open(reactor_, std::move(*listener), std::move(events));
  }
  const auto path = serial_port_named(port_name);
  UniqueFd port{path.empty() ? -1 : ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  if (!port)
    return tl::unexpected(Cause{CauseKind::driver_missing,
                                "There is no virtio-serial port aerie.link: the module "
                                "virtio_console is not in the initrd, or the machine has no port.",
                                "Make the image again (./run image).",
                                {}});
  return PortLink::open(reactor_, std::move(port), std::move(events));
}

void Machine::on_birth(const Json& birth) {
  mend(birth);
  if (auto started = start_guest(text_of(birth, "secret")); !started) give_up(started.error());
}

void Machine::mend(const Json& word) {
  const auto at = word.find("at");
  if (at != word.end() && at->is_number_integer()) set_clock(at->get<std::int64_t>());
  add_entropy(text_of(word, "entropy"));
  if (const auto variables = word.find("environment"); variables != word.end())
    write_environment(*variables);
  const auto network = word.find("network");
  if (network == word.end() || !network->is_object()) return;
  NetworkOptions options{text_of(*network, "address"), text_of(*network, "gateway"), {}};
  if (const auto resolvers = network->find("resolvers"); resolvers != network->end())
    for (const auto& resolver : *resolvers)
      if (resolver.is_string()) options.resolvers.push_back(resolver.get<std::string>());
  media_ports_ = text_of(*network, "mediaPorts");
  if (auto done = set_up_network(options); !done) give_up(done.error());
}

Result<void> Machine::start_guest(const std::string& secret) {
  // All that an image holds is root's.
  if (::chown(home, user, user) != 0)
    return tl::unexpected(
        Cause{CauseKind::image_corrupt,
              std::string{"The guest gets no home: "} + std::strerror(errno) + ".",
              "Make the image again (./run image).",
              {}});
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return tl::unexpected(Cause{CauseKind::quota, "There is no pipe for the secret.", "", {}});
  const UniqueFd reader{ends[0]};
  const UniqueFd writer{ends[1]};
  if (::write(writer.get(), secret.data(), secret.size()) != static_cast<ssize_t>(secret.size()))
    return tl::unexpected(Cause{CauseKind::quota, "The secret could not be passed on.", "", {}});
  SpawnRequest request;
  request.argv = {guest_program, "--listen-fd", std::to_string(listen_fd), "--secret-fd",
                  std::to_string(secret_fd)};
  request.env = environment(media_ports_);
  request.cwd = home;
  request.fds = {{reader.get(), secret_fd}, {listener_.get(), listen_fd}};
  request.identity = SpawnRequest::Identity{user, user};
  request.oom_score_adj = -900;  // the last to go: it tells of the others
  auto guest = Process::start(reactor_, "guest", request,
                              {[](const std::vector<LogLine>& lines) {
                                 for (const auto& line : lines)
                                   say(line.text);
                               },
                               [this](const ExitRecord& exit) { on_exit(exit); },
                               {}});
  if (!guest)
    return tl::unexpected(Cause{
        guest.error().kind, guest.error().message, "Make the image again (./run image).", {}});
  guest_ = std::move(*guest);
  return {};
}

void Machine::on_exit(const ExitRecord& exit) {
  say("the guest's supervisor: " + exit.message);
  // What it said last may still be on its way through the port.
  reactor_.after(link_->has_unsent() ? last_words : Duration{1}, on_end_);
}

}  // namespace aerie::init
