#include "guest/options.hpp"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string_view>
#include <unistd.h>

#include "runtime/process/unique_fd.hpp"

namespace aerie::guest {
namespace {

constexpr std::size_t secret_digits = 64;

tl::unexpected<Cause> wrong_usage(std::string message) {
  return tl::unexpected(Cause{CauseKind::requested,
                              std::move(message),
                              "Usage: aerie-guest (--socket PATH | --listen-fd N) [--secret-fd N] "
                              "[--stream PROGRAM] [--login PROGRAM]; a driver of aerie "
                              "starts it.",
                              {}});
}

std::optional<int> descriptor(std::string_view text) {
  int number = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

Result<Options> parse_options(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    const auto& name = arguments[i];
    if (i + 1 == arguments.size()) return wrong_usage("The option " + name + " needs a value.");
    const auto& value = arguments[i + 1];
    if (name == "--socket") {
      options.socket = value;
    } else if (name == "--stream") {
      options.stream = value;
    } else if (name == "--login") {
      options.login = value;
    } else if (name == "--secret-fd" || name == "--listen-fd") {
      const auto number = descriptor(value);
      if (!number) return wrong_usage(name + " wants a descriptor's number, not " + value + ".");
      (name == "--secret-fd" ? options.secret_fd : options.listen_fd) = *number;
    } else {
      return wrong_usage("The option " + name + " is unknown.");
    }
  }
  if (options.socket.empty() == (options.listen_fd < 0))
    return wrong_usage("One of --socket and --listen-fd is needed.");
  if (options.stream.empty()) options.stream = program_beside_us("aerie-stream");
  if (options.login.empty()) options.login = program_beside_us("aerie-login");
  return options;
}

Result<std::string> read_secret(int fd) {
  UniqueFd file{fd};
  std::string secret(secret_digits, '\0');
  std::size_t got = 0;
  while (got < secret.size()) {
    const auto count = ::read(fd, secret.data() + got, secret.size() - got);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    got += static_cast<std::size_t>(count);
  }
  file.reset();
  if (fd == STDIN_FILENO) [[maybe_unused]]
    const int null = ::open("/dev/null", O_RDONLY);  // the lowest number that is free: 0
  const bool is_hex = secret.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (got == secret_digits && is_hex) return secret;
  return tl::unexpected(Cause{CauseKind::link_violation,
                              "The link's secret on descriptor " + std::to_string(fd) +
                                  " is not 64 lower-case hexadecimal digits.",
                              "A driver of aerie writes it there before it starts aerie-guest.",
                              {}});
}

std::string program_beside_us(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? name : (self.parent_path() / name).string();
}

}  // namespace aerie::guest
