#include "runtime/config/config_keys.hpp"

#include <algorithm>
#include <limits>
#include <unistd.h>

#include "messages/object_reader.hpp"
#include "runtime/config/value_checks.hpp"

namespace aerie {
namespace {

using config::Complaint;
using Check = Complaint (*)(const std::string&);

std::string wrong_type(std::string_view wanted, const Json& value) {
  return "must be " + std::string(wanted) + ", not " + std::string(type_name(value));
}

Complaint check_integer(const Json& value, std::int64_t least, std::int64_t most,
                        std::string_view wanted) {
  if (!value.is_number_integer()) return wrong_type(wanted, value);
  const bool too_large = value.is_number_unsigned() &&
                         value.get<std::uint64_t>() >
                             static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (too_large || value.get<std::int64_t>() < least || value.get<std::int64_t>() > most)
    return "must be between " + std::to_string(least) + " and " + std::to_string(most) + ", not " +
           value.dump();
  return {};
}

std::string range_text(std::int64_t least, std::int64_t most) {
  return std::to_string(least) + " to " + std::to_string(most);
}

/// `place` maps Settings to the member, so that the member's initializer is the default.
template <class Place>
ConfigKey integer(std::string name, Place place, std::int64_t least, std::int64_t most,
                  std::string description) {
  Settings defaults;
  return {std::move(name),
          "integer",
          Json(place(defaults)),
          range_text(least, most),
          std::move(description),
          false,
          false,
          [=](Settings& settings, const Json& value) -> Complaint {
            if (auto complaint = check_integer(value, least, most, "an integer")) return complaint;
            value.get_to(place(settings));
            return {};
          }};
}

template <class Place>
ConfigKey milliseconds(std::string name, Place place, std::int64_t least, std::int64_t most,
                       std::string description) {
  Settings defaults;
  return {std::move(name),
          "integer (ms)",
          Json(place(defaults).count()),
          range_text(least, most),
          std::move(description),
          false,
          false,
          [=](Settings& settings, const Json& value) -> Complaint {
            if (auto complaint = check_integer(value, least, most, "integer milliseconds"))
              return complaint;
            place(settings) = Duration{value.get<Duration::rep>()};
            return {};
          }};
}

template <class Place>
ConfigKey boolean(std::string name, Place place, std::string description) {
  Settings defaults;
  return {std::move(name),
          "boolean",
          Json(place(defaults)),
          "",
          std::move(description),
          false,
          false,
          [=](Settings& settings, const Json& value) -> Complaint {
            if (!value.is_boolean()) return wrong_type("true or false", value);
            value.get_to(place(settings));
            return {};
          }};
}

/// An empty text is never checked: it stands for "none".
template <class Place>
ConfigKey text(std::string name, Place place, std::string range, Check check,
               std::string description) {
  Settings defaults;
  const bool may_be_empty = place(defaults).empty();
  return {std::move(name),
          "string",
          Json(place(defaults)),
          std::move(range),
          std::move(description),
          false,
          false,
          [=](Settings& settings, const Json& value) -> Complaint {
            if (!value.is_string()) return wrong_type("a string", value);
            const auto& given = value.get_ref<const std::string&>();
            if (given.size() > 4096) return "must be at most 4096 bytes long";
            if (given.find('\0') != std::string::npos) return "must not contain a NUL character";
            if (given.empty() && !may_be_empty) return "must not be empty";
            if (check != nullptr && !given.empty())
              if (auto complaint = check(given)) return complaint;
            place(settings) = given;
            return {};
          }};
}

template <class Place>
ConfigKey choice(std::string name, Place place, std::vector<std::string> names,
                 std::string description) {
  std::string list;
  for (const auto& each : names)
    list += (list.empty() ? "" : ", ") + each;
  auto key = text(std::move(name), place, list, nullptr, std::move(description));
  key.assign = [=](Settings& settings, const Json& value) -> Complaint {
    if (!value.is_string()) return wrong_type("a string", value);
    if (std::find(names.begin(), names.end(), value.get<std::string>()) == names.end())
      return "must be one of " + list + ", not " + value.dump();
    place(settings) = value.get<std::string>();
    return {};
  };
  return key;
}

template <class Place>
ConfigKey list(std::string name, Place place, std::string range, Check check,
               std::string description) {
  Settings defaults;
  return {std::move(name),
          "list of strings",
          Json(place(defaults)),
          std::move(range),
          std::move(description),
          true,
          false,
          [=](Settings& settings, const Json& value) -> Complaint {
            if (!value.is_array()) return wrong_type("a list of strings", value);
            if (value.size() > 64) return "must have at most 64 items";
            for (const auto& item : value) {
              if (!item.is_string()) return wrong_type("a list of strings", item);
              if (auto complaint = check(item.get<std::string>())) return complaint;
            }
            place(settings) = value.get<std::vector<std::string>>();
            return {};
          }};
}

Complaint check_name(const std::string& name) {
  if (is_name(name)) return {};
  return "must be 1 to 64 of a-z, 0-9, '.', '_' and '-', not \"" + name + "\"";
}

Complaint check_codec(const std::string& name) {
  if (name == "h264" || name == "vp8" || name == "vp9") return {};
  return "must hold h264, vp8 and vp9 only, not \"" + name + "\"";
}

Complaint assign_overcommit(Settings& settings, const Json& value) {
  auto& target = settings.limits.cpu_overcommit;
  if (value.is_number_integer()) {
    if (auto complaint = check_integer(value, 1, 1000, "an integer")) return complaint;
    target = {value.get<int>(), value.get<int>()};
    return {};
  }
  if (!value.is_object()) return wrong_type("an integer or an object of process and vm", value);
  for (const auto& [name, factor] : value.items()) {
    if (name != "process" && name != "vm")
      return name + " " + unknown_name_message(name, {"process", "vm"});
    if (auto complaint = check_integer(factor, 1, 1000, "an integer"))
      return name + " " + *complaint;
    (name == "vm" ? target.vm : target.process) = factor.get<int>();
  }
  return {};
}

Complaint assign_pool(Settings& settings, const Json& value) {
  if (!value.is_object()) return wrong_type("an object of profiles", value);
  decltype(settings.pool) pool;
  for (const auto& [profile, sizes] : value.items()) {
    if (auto complaint = check_name(profile)) return complaint;
    const auto by_driver = sizes.is_object() ? sizes : Json{{"", sizes}};
    for (const auto& [driver, size] : by_driver.items()) {
      if (auto complaint = check_integer(size, 0, 1000, "an integer"))
        return profile + " " + *complaint;
      // A plain number means the driver of sessions that name none; it is known at the end.
      pool[profile][driver] = size.get<int>();
    }
  }
  settings.pool = std::move(pool);
  return {};
}

std::vector<ConfigKey> make_keys() {
  constexpr std::int64_t day = 86'400'000;
  // Place functions: each names a member once, for reading its default and for writing it.
#define AT(member)            \
  [](Settings & s) -> auto& { \
    return s.member;          \
  }
  std::vector<ConfigKey> keys{
      choice("driver", AT(driver), {"process", "qemu", "firecracker"},
             "driver of a session that names none"),
      text("profile", AT(profile), "a name", check_name, "profile of a session that names none"),
      list("http.hosts", AT(http.hosts), "host or host:port", config::check_host,
           "names allowed in Host besides the listen address and the loopback names"),
      list("http.origins", AT(http.origins), "scheme://host[:port]", config::check_origin,
           "other sites that may call, open sockets and frame the viewer"),
      text("http.publicUrl", AT(http.public_url), "scheme://host[:port]", config::check_origin,
           "where the outside finds this controller; makes the viewer and signaling addresses"),
      boolean("http.behindProxy", AT(http.behind_proxy),
              "a proxy in front speaks TLS, so listening beyond loopback without is fine"),
      text("http.tls.cert", AT(http.tls_cert), "a PEM file", nullptr, "certificate chain"),
      text("http.tls.key", AT(http.tls_key), "a PEM file", nullptr, "private key"),
      boolean("guests.hostNetwork", AT(guests.host_network),
              "guests share the host's network, also while listening beyond loopback"),
      milliseconds("guests.orphanMs", AT(guests.orphan), 1000, 7 * day,
                   "a guest without a controller stops its processes after this time"),
      milliseconds("guests.quarantineMs", AT(guests.quarantine), 0, 7 * day,
                   "what is left of a guest that no actor owns is removed after this time"),
      milliseconds("guests.startMs", AT(guests.start), 100, day,
                   "a session that is not ready by then has failed"),
      milliseconds("guests.spawnMs", AT(guests.spawn), 100, day,
                   "a guest that is not prepared, or not spawned, by then has failed"),
      milliseconds("guests.linkMs", AT(guests.link), 100, day,
                   "a guest that has not spoken on its link by then has failed"),
      milliseconds("guests.vmStartMs", AT(guests.vm_start), 100, day,
                   "guests.startMs of a session whose guest is a virtual machine"),
      milliseconds("guests.vmLinkMs", AT(guests.vm_link), 100, day,
                   "guests.linkMs of a virtual machine, which boots a kernel first"),
      integer("guests.uidBase", AT(guests.uid_base), 1000, 2'000'000'000,
              "first user id of guests where the controller is root; one a guest from there on"),
      integer("guests.memoryMiB", AT(guests.memory_mib), 0, 1024 * 1024,
              "memory of each guest in place of its profile's; 0: the profile's"),
      integer("guests.cpus", AT(guests.cpus), 0, 256,
              "cpus of each guest in place of its profile's; 0: the profile's"),
      integer("limits.sessions", AT(limits.sessions), 0, 100'000, "sessions at one time"),
      integer("limits.memoryMiB", AT(limits.memory_mib), 1, 1 << 30,
              "sum of all guests' memory; by default 80 % of the host's"),
      {"limits.cpuOvercommit", "integer or object", Json{{"process", 16}, {"vm", 4}}, "1 to 1000",
       "sum of all guests' cpus is at most the host's cores times this, by kind of driver", false,
       true, assign_overcommit},
      integer("limits.sockets", AT(limits.sockets), 1, 100'000, "WebSockets at one time"),
      integer("limits.socketsPerSession", AT(limits.sockets_per_session), 1, 10'000,
              "WebSockets of one session"),
      integer("limits.unauthenticated", AT(limits.unauthenticated), 1, 100'000,
              "WebSockets that have not said hello yet"),
      integer("limits.viewers", AT(limits.viewers), 1, 1000, "viewers of one session"),
      milliseconds("retire.askMs", AT(retire_ask), 0, day,
                   "how long viewers are asked before their session is closed"),
      milliseconds("retention.failedMs", AT(retention.failed), 0, 30 * day,
                   "how long a failed session keeps its guest's files"),
      milliseconds("retention.tombstonesMs", AT(retention.tombstones), 0, 3650 * day,
                   "how long a tombstone is kept"),
      integer("retention.tombstonesBytes", AT(retention.tombstones_bytes), 0, 1LL << 50,
              "sum of all tombstones; the oldest go first"),
      integer("retention.minFreeBytes", AT(retention.min_free_bytes), 0, 1LL << 50,
              "below this (or a twentieth of its file system) the oldest evidence is given up"),
      milliseconds("signal.resumeMs", AT(signal_resume), 0, day,
                   "how long a resume token lives after its socket"),
      text("network.pool", AT(network.pool), "IPv4 network, prefix 8 to 29", config::check_pool,
           "where guests' addresses come from"),
      list("network.resolvers", AT(network.resolvers), "IPv4 addresses", config::check_ipv4,
           "name servers of guests with networks of their own; by default the host's"),
      list("network.uplinks", AT(network.uplinks), "interfaces", config::check_interface,
           "ways out for guests; by default the interfaces of routes with a gateway"),
      text("network.publicAddress", AT(network.public_address), "an IPv4 address",
           config::check_ipv4,
           "where viewers elsewhere find this host's media ports; by default where it listens"),
      text("network.mediaPorts", AT(network.media_ports), "FIRST-LAST", config::check_ports,
           "UDP ports of the public address that lead to guests"),
      integer("network.mediaPortsPerGuest", AT(network.media_ports_per_guest), 1, 1000,
              "of them, for each guest: one a viewer"),
      text("profiles.path", AT(profiles_path), "directories separated by ':'", nullptr,
           "searched for profiles before the shipped ones"),
      text("providers.path", AT(providers_path), "directories separated by ':'", nullptr,
           "searched for providers before the shipped ones"),
      {"pool", "object", Json::object(), "0 to 1000 each",
       "warm guests: {profile: {driver: size}} or {profile: size}", false, true, assign_pool},
      milliseconds("shutdown.withinMs", AT(shutdown_within), 0, 10 * 60'000,
                   "most that retiring every session may take at the end"),
      text("images.path", AT(image_directory), "a directory", nullptr,
           "where images of VMs are; by default where `./run image` puts them"),
      text("images.kernel", AT(image_kernel), "a file", nullptr,
           "kernel of VMs in place of the image's: an ELF vmlinux or a bzImage"),
      text("images.rootfs", AT(image_rootfs), "a file", nullptr,
           "root file system of VMs in place of the image's: squashfs"),
      text("images.initrd", AT(image_initrd), "a file", nullptr,
           "initrd of VMs in place of the image's: it must fit the kernel"),
      text("vmm.qemu", AT(qemu_program), "a program", nullptr,
           "what runs VMs of the driver qemu: a name in PATH, or an absolute path"),
      text("vmm.firecracker", AT(firecracker_program), "a program", nullptr,
           "what runs VMs of the driver firecracker: a name in PATH, or an absolute path"),
      text("vmm.jailer", AT(jailer_program), "a program", nullptr,
           "what jails Firecracker where the controller is root; done without if it is not there"),
      integer("vmm.diskMiBPerSecond", AT(vm_disk_mib), 0, 100'000,
              "what a VM may read and write of its disk a second; 0: no limit"),
      {"media.iceServers", "list of objects", Json::array(), "urls, username?, credential?",
       "STUN and TURN servers for streamer and viewers", false, false,
       [](Settings& settings, const Json& value) -> Complaint {
         if (auto complaint = config::check_ice_servers(value)) return complaint;
         settings.media.ice_servers = value;
         return {};
       }},
      list("media.codecs", AT(media.codecs), "h264, vp8", check_codec,
           "codecs offered, of h264, vp8 and vp9, the preferred one first"),
      choice("log.level", AT(log.level), {"debug", "info", "warning", "error"},
             "least important line that is logged"),
      choice("log.format", AT(log.format), {"text", "json"}, "form of the log"),
      milliseconds("session.idleMs", AT(session.idle), 100, day,
                   "idle time after which a session that names none is closed"),
      milliseconds("session.maxMs", AT(session.max), 100, day,
                   "greatest age of a session that names none"),
      integer("files.maxBytes", AT(files.max_bytes), 0, std::int64_t{4} << 30,
              "the largest file that a viewer may send to a guest or fetch from it; 0: none"),
      milliseconds("vault.holdMs", AT(vault.hold), 0, 7 * day,
                   "a credential that nobody fetched keeps its session so long"),
      milliseconds("vault.rotateMs", AT(vault.rotate), 0, 3650 * day,
                   "a key in vault.key older than this is replaced at a start; 0: never"),
  };
#undef AT
  return keys;
}

}  // namespace

int default_memory_limit_mib() {
  const auto bytes = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  return static_cast<int>(std::max<std::int64_t>(1, bytes / 1024 / 1024 * 8 / 10));
}

const std::vector<ConfigKey>& config_keys() {
  static const auto keys = make_keys();
  return keys;
}

std::string environment_name(const std::string& key) {
  std::string name = "AERIE_";
  for (const char c : key)
    name += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
  return name;
}

}  // namespace aerie
