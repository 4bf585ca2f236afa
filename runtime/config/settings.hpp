#pragma once

#include <map>
#include <string>
#include <vector>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie {

/// 80 % of the host's memory, in MiB.
[[nodiscard]] int default_memory_limit_mib();

struct HttpSettings {
  std::vector<std::string> hosts;    ///< allowed in Host besides the loopback names
  std::vector<std::string> origins;  ///< other sites: CORS, sockets, frame-ancestors
  std::string public_url;            ///< without a slash at its end; empty: as bound
  bool behind_proxy = false;
  std::string tls_cert;  ///< a PEM file; both or none
  std::string tls_key;
};

struct GuestSettings {
  bool host_network = false;  ///< guests share the host's network, also beyond loopback
  Duration orphan{21'600'000};
  Duration quarantine{60'000};  ///< before what nobody owns is removed
  Duration start{60'000};       ///< a session's `starting`
  Duration spawn{10'000};       ///< a VM's `preparing` and `booting`
  Duration link{10'000};        ///< a VM's `linking`
  Duration vm_start{180'000};   ///< `start` where the guest is a virtual machine
  Duration vm_link{60'000};     ///< `link` of a virtual machine
  int uid_base = 200'000;       ///< of the first slot's user, where the controller is root
  int memory_mib = 0;           ///< in place of the profile's; 0: the profile's
  int cpus = 0;
};

struct CpuOvercommit {
  int process = 16;
  int vm = 4;
};

struct LimitSettings {
  int sessions = 64;
  int memory_mib = default_memory_limit_mib();
  CpuOvercommit cpu_overcommit;  ///< profiles' cpus ≤ cores × it
  int sockets = 2000;
  int sockets_per_session = 32;
  int unauthenticated = 100;
  int viewers = 20;  ///< a session
};

struct RetentionSettings {
  Duration failed{1'800'000};
  Duration tombstones{604'800'000};
  std::int64_t tombstones_bytes = 10LL * 1024 * 1024 * 1024;
  std::int64_t min_free_bytes = 512LL * 1024 * 1024;
};

struct MediaSettings {
  Json ice_servers = Json::array();  ///< objects of urls, username?, credential?
  std::vector<std::string> codecs{"h264", "vp8"};
};

struct FileSettings {
  std::int64_t max_bytes = 256LL * 1024 * 1024;  ///< of a file to or from a guest; 0: none go
};

struct NetworkSettings {
  std::string pool = "10.77.0.0/16";
  std::vector<std::string> resolvers;       ///< of guests, IPv4; empty: the host's
  std::vector<std::string> uplinks;         ///< interfaces to the outside; empty: found
  std::string public_address;               ///< for viewers elsewhere; empty: where it listens
  std::string media_ports = "50000-51023";  ///< of that address, `FIRST-LAST`
  int media_ports_per_guest = 16;
};

struct SessionSettings {
  Duration idle{600'000};
  Duration max{28'800'000};
};

struct VaultSettings {
  Duration hold{600'000};          ///< a credential nobody fetched keeps its session so long
  Duration rotate{2'592'000'000};  ///< a key of its own older than this is replaced; 0: never
};

struct LogSettings {
  std::string level = "info";
  std::string format = "text";
};

/// The whole configuration, typed: what `load_configuration` makes. The values here are the
/// defaults; names, ranges and descriptions stand in `config_keys()`.
struct Settings {
  std::string driver = "process";
  std::string profile = "browser";
  HttpSettings http;
  GuestSettings guests;
  LimitSettings limits;
  Duration retire_ask{30'000};
  RetentionSettings retention;
  Duration signal_resume{60'000};
  NetworkSettings network;
  std::string profiles_path;   ///< directories separated by ':'
  std::string providers_path;  ///< likewise
  /// Warm guests: profile → driver → how many.
  std::map<std::string, std::map<std::string, int>> pool;
  Duration shutdown_within{20'000};
  std::string image_directory;  ///< empty: the cache's, where `./run image` puts them
  std::string image_kernel;     ///< these: in place of the image's
  std::string image_rootfs;
  std::string image_initrd;
  std::string qemu_program = "qemu-system-x86_64";
  std::string firecracker_program = "firecracker";
  std::string jailer_program = "jailer";
  int vm_disk_mib = 0;  ///< a second, of each VM's disk; 0: no limit
  MediaSettings media;
  FileSettings files;
  LogSettings log;
  SessionSettings session;
  VaultSettings vault;

  // From the command line alone:
  std::string state;                      ///< the state directory, absolute
  std::string listen = "127.0.0.1:4000";  ///< port 0: any
  bool stop_guests = false;               ///< SIGTERM ends guests too
  std::string programs;  ///< folder searched first for the guest's programs; empty: none
};

}  // namespace aerie
