#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "messages/cause.hpp"
#include "messages/field_error.hpp"
#include "messages/time.hpp"

namespace aerie {

/// Which siblings are restarted together with a child that ended (OTP's three).
enum class Strategy { one_for_one, one_for_all, rest_for_one };

/// Which ends of a child are followed by a restart: all, unclean ones, none.
enum class RestartType { permanent, transient, temporary };

/// How a child shows that it is ready.
enum class ReadyKind { started, x11, tcp, line, file, builtin };

/// A child that is ours instead of a command.
enum class Builtin { display, stream, login, audio };

enum class NetworkPolicy { internet, none, list };

[[nodiscard]] std::string_view to_string(Strategy value);
[[nodiscard]] std::string_view to_string(RestartType value);
[[nodiscard]] std::string_view to_string(ReadyKind value);
[[nodiscard]] std::string_view to_string(Builtin value);
[[nodiscard]] std::string_view to_string(NetworkPolicy value);

struct ReadyCondition {
  ReadyKind kind = ReadyKind::started;
  /// From the start of the process; alive past it is `not-ready`. 1 ms to 1 h.
  Duration within{5000};
  /// Of `tcp`: the port on the guest's loopback, 1 to 65535.
  int port = 0;
  /// Of `line`: an ECMAScript regular expression searched in each line of output.
  std::string pattern;
  /// Of `file`: an absolute path inside the guest that comes to exist.
  std::string path;

  friend bool operator==(const ReadyCondition&, const ReadyCondition&) = default;
};

/// The wait before a restart: the first is at once, the next waits `first`, doubled up to `max`,
/// with jitter; `first` 0 never waits.
struct Backoff {
  Duration first{100};
  Duration max{10'000};

  friend bool operator==(const Backoff&, const Backoff&) = default;
};

/// More than `restarts` restarts within `within` are a crash loop.
struct Intensity {
  int restarts = 5;
  Duration within{10'000};

  friend bool operator==(const Intensity&, const Intensity&) = default;
};

struct Resources {
  int cpus = 1;          ///< 1 to 256
  int memory_mib = 512;  ///< MiB, 16 to 1,048,576

  friend bool operator==(const Resources&, const Resources&) = default;
};

/// Pixels and frames a second; ranges 64–3840, 64–2160, 1–120.
struct DisplaySize {
  int width = 1280;
  int height = 720;
  int fps = 30;
  /// Up to which the display follows the window of the viewer in control; 0: its size stays.
  int largest_width = 0;
  int largest_height = 0;

  [[nodiscard]] bool follows() const { return largest_width > 0 && largest_height > 0; }

  friend bool operator==(const DisplaySize&, const DisplaySize&) = default;
};

struct Network {
  NetworkPolicy policy = NetworkPolicy::internet;
  /// Of `list`: `host:port` entries.
  std::vector<std::string> allow;

  friend bool operator==(const Network&, const Network&) = default;
};

/// One child of the guest's supervisor. Commands and `open` may hold `${url}`, `${width}`,
/// `${height}` and `${session}`; each argument stays one argument whatever the value is.
struct ChildSpec {
  std::string name;
  /// Set instead of `command`.
  std::optional<Builtin> builtin;
  /// The program (absolute, or found in the guest's PATH) and its arguments.
  std::vector<std::string> command;
  RestartType restart = RestartType::permanent;
  ReadyCondition ready;
  std::map<std::string, std::string> env;
  /// Variables that must be set by `env` or the session, else `environment-missing`.
  std::vector<std::string> require_env;
  /// Between SIGTERM and SIGKILL, 0 to 10 min.
  Duration grace{2000};
  Backoff backoff;
  /// Longest silence before the child counts as hung; 0: not watched. Builtins only answer.
  Duration watchdog{0};
  /// A command that makes the running child show `${url}`; used when a warm guest is taken.
  std::vector<std::string> open;

  friend bool operator==(const ChildSpec&, const ChildSpec&) = default;
};

/// What runs in a guest (contract, section 9).
struct Profile {
  std::string name;
  Resources resources;
  DisplaySize display;
  Network network;
  Strategy strategy = Strategy::one_for_one;
  Intensity intensity;
  std::vector<ChildSpec> children;

  /// The first child that is this builtin, or null.
  [[nodiscard]] const ChildSpec* find(Builtin builtin) const;

  friend bool operator==(const Profile&, const Profile&) = default;
};

/// Reads a profile as people write it: unknown keys, wrong types, values out of range, bad names,
/// children of one name and bad regular expressions are refused, the first one found.
[[nodiscard]] Checked<Profile> check_profile(const Json& json);

/// As `check_profile`, the error as a cause of kind `link-violation` (what a guest makes of a
/// profile it can't read), its message led by the field's path.
[[nodiscard]] Result<Profile> parse_profile(const Json& json);

/// Complete, every default written out; `check_profile` reads it back to an equal profile.
void to_json(Json& json, const Profile& profile);

}  // namespace aerie
