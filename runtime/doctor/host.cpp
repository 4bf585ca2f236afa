#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <system_error>

#include "runtime/config/configuration.hpp"
#include "runtime/doctor/checks.hpp"
#include "runtime/drivers/guest_network_options.hpp"
#include "runtime/process/unique_fd.hpp"

namespace aerie::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t least_disk_mib = 1024;

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList resolve(const std::string& listen) {
  const auto colon = listen.rfind(':');
  auto host = listen.substr(0, colon);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const auto port = listen.substr(colon + 1);
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &list) != 0) list = nullptr;
  return {list, &freeaddrinfo};
}

/// 0, or the errno of the attempt to bind.
int try_bind(const addrinfo& address) {
  const UniqueFd fd(socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return errno;
  const int yes = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  return listen(fd.get(), 1) == 0 ? 0 : errno;
}

bool is_our_controller(const Settings& settings) {
  std::ifstream stream(fs::path(settings.state) / "address");
  std::string address;
  std::getline(stream, address);
  return !address.empty() && address == settings.listen;
}

/// The directory, or the nearest one above it that exists.
fs::path existing(fs::path path) {
  std::error_code error;
  while (!fs::exists(path, error) && path.has_relative_path())
    path = path.parent_path();
  return path;
}

}  // namespace

DoctorCheck check_port(const Settings& settings) {
  if (const auto wrong =
          check_listen(settings, [&] { return guests_get_networks(settings).has_value(); }))
    return {"port", false, wrong->field + " " + wrong->message + ".", "Choose another --listen."};
  const auto list = resolve(settings.listen);
  if (!list)
    return {"port", false, "The listen address " + settings.listen + " can't be resolved.",
            "Choose another --listen."};
  const int code = try_bind(*list);
  if (code == 0) return {"port", true, "The address " + settings.listen + " is free.", ""};
  if (code == EADDRINUSE && is_our_controller(settings))
    return {"port", true,
            "The controller of this state directory listens on " + settings.listen + ".", ""};
  return {"port", false,
          "The address " + settings.listen +
              " can't be listened on: " + std::generic_category().message(code) + ".",
          "End the program that has it (ss -ltnp), or choose another --listen."};
}

DoctorCheck check_disk(const Settings& settings) {
  const auto place = existing(settings.state);
  struct statvfs status {};
  if (statvfs(place.c_str(), &status) != 0)
    return {"disk", false, "The state directory " + settings.state + " can't be examined.",
            "Choose another one with --state."};
  const auto free_mib = static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize / 1024 / 1024;
  const auto all_mib = static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize / 1024 / 1024;
  const auto message = std::to_string(free_mib) + " MiB are free at " + settings.state + ".";
  DoctorCheck check{"disk", free_mib >= least_disk_mib, message, ""};
  check.limit = static_cast<double>(all_mib);
  check.used = static_cast<double>(all_mib - std::min(free_mib, all_mib));
  if (!check.ok) check.remedy = "Free at least 1 GiB there, or choose another --state.";
  return check;
}

}  // namespace aerie::doctor
