#include "guest/display_server.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <sodium.h>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "guest/readiness.hpp"
#include "guest/x11/screen_size.hpp"

namespace aerie::guest {
namespace {

constexpr std::size_t cookie_bytes = 16;
constexpr int number_fd = 3;
// Above what people choose by hand, below where X's TCP ports would run over.
constexpr int lowest_number = 1000;
constexpr int numbers = 50'000;

void append_counted(std::string& bytes, std::string_view text) {
  bytes += static_cast<char>(text.size() >> 8U);
  bytes += static_cast<char>(text.size() & 0xffU);
  bytes += text;
}

std::string new_cookie() {
  std::string cookie(cookie_bytes, '\0');
  randombytes_buf(cookie.data(), cookie.size());
  return cookie;
}

void write_authority(const std::string& path, const std::string& cookie) {
  ::unlink(path.c_str());
  const UniqueFd file{::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
  const auto entry = authority_entry(cookie);
  // Without it Xvfb says itself that it can't read the file, and ends.
  [[maybe_unused]] const auto written = ::write(file.get(), entry.data(), entry.size());
}

/// A server that was killed leaves its lock and its socket.
void clear_after(int number) {
  const auto name = std::to_string(number);
  ::unlink(std::string{"/tmp/.X"}.append(name).append("-lock").c_str());
  ::unlink(std::string{x11_directory}.append("/X").append(name).c_str());
}

/// Binds the abstract name of a display; an empty descriptor when somebody has it.
UniqueFd bind_abstract_name(int number) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = std::string{x11_directory}.append("/X").append(std::to_string(number));
  path.copy(address.sun_path + 1, sizeof address.sun_path - 1);  // after a zero: unix(7), abstract
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + path.size());
  UniqueFd name{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(name.get(), generic, length) != 0) name.reset();
  return name;
}

}  // namespace

std::string authority_entry(const std::string& cookie) {
  std::string entry(2, '\xff');  // FamilyWild
  append_counted(entry, "");     // any address
  append_counted(entry, "");     // any display
  append_counted(entry, "MIT-MAGIC-COOKIE-1");
  append_counted(entry, cookie);
  return entry;
}

DisplayServer::DisplayServer(Reactor& reactor, const DisplaySize& size, std::string authority_file,
                             std::optional<int> previous, OnReady on_ready)
    : reactor_(reactor),
      size_(size),
      authority_file_(std::move(authority_file)),
      cookie_(new_cookie()),
      on_ready_(std::move(on_ready)) {
  make_x11_directory();
  if (previous) clear_after(*previous);
  reserve_number();
  write_authority(authority_file_, cookie_);
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  number_reader_.reset(ends[0]);
  number_writer_.reset(ends[1]);
  ::fcntl(number_reader_.get(), F_SETFL, O_NONBLOCK);
  auto watch = reactor.watch(number_reader_.get(), EPOLLIN, [this](auto) { read_number(); });
  if (watch) watch_ = std::move(*watch);
}

DisplayServer::~DisplayServer() {
  *alive_ = false;
}

SpawnRequest DisplayServer::request() const {
  SpawnRequest request;
  const auto width = size_.follows() ? size_.largest_width : size_.width;
  const auto height = size_.follows() ? size_.largest_height : size_.height;
  const auto screen = std::to_string(width) + "x" + std::to_string(height) + "x24";
  request.argv = {display_program,
                  ":" + std::to_string(number_),
                  "-displayfd",
                  std::to_string(number_fd),
                  "-screen",
                  "0",
                  screen,
                  "-nolisten",
                  "tcp",
                  "-nolisten",
                  "local",
                  "-auth",
                  authority_file_,
                  "-noreset",
                  "-s",
                  "0",
                  "-dpi",
                  "96"};
  request.fds = {{number_writer_.get(), number_fd}};
  return request;
}

void DisplayServer::on_started() {
  number_writer_.reset();
}

void DisplayServer::reserve_number() {
  const auto first = static_cast<int>(randombytes_uniform(numbers));
  for (int tried = 0; tried < numbers && !reserved_name_; ++tried) {
    number_ = lowest_number + (first + tried) % numbers;
    reserved_name_ = bind_abstract_name(number_);
  }
}

Environment DisplayServer::client_environment(int number) const {
  return {{"DISPLAY", ":" + std::to_string(number)}, {"XAUTHORITY", authority_file_}};
}

void DisplayServer::read_number() {
  std::array<char, 32> buffer{};
  const auto count = ::read(number_reader_.get(), buffer.data(), buffer.size());
  if (count <= 0 || digits_.size() > buffer.size()) return watch_.reset();
  digits_.append(buffer.data(), static_cast<std::size_t>(count));
  if (digits_.find('\n') == std::string::npos) return;
  watch_.reset();
  int number = 0;
  const auto [end, error] =
      std::from_chars(digits_.data(), digits_.data() + digits_.size(), number);
  if (error != std::errc{} || *end != '\n') return;
  if (size_.follows())
    set_size(number);
  else
    on_ready_(number);
}

void DisplayServer::set_size(int number) {
  sizing_ = std::jthread([this, number, alive = alive_] {
    const auto done = x11::set_size_of(number, cookie_, {size_.width, size_.height});
    // It is a display all the same, if a larger one.
    if (!done) std::fprintf(stderr, "aerie-guest: %s\n", done.error().message.c_str());
    reactor_.post([this, number, alive] {
      if (*alive) on_ready_(number);
    });
  });
}

}  // namespace aerie::guest
