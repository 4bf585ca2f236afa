#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "messages/cause.hpp"
#include "messages/login.hpp"
#include "messages/profile.hpp"
#include "messages/rare.hpp"
#include "messages/states.hpp"
#include "messages/time.hpp"

namespace aerie {

/// What a client asks for, validated (contract, section 3).
struct SessionRequest {
  std::string user_id;
  std::string provider;  ///< as it was named: a known one's name or alias, or a label
  std::string profile;   ///< a known one
  std::string driver;    ///< a known one
  std::string url;
  std::optional<DisplaySize> display;  ///< none: the profile's
  Duration idle{600'000};
  Duration max{28'800'000};
  std::map<std::string, std::string> labels;
  std::vector<std::pair<std::string, std::string>> env;
  std::string credential_key;  ///< the owner's X25519 public key, base64; empty: none
};

struct ViewerInfo {
  std::string id;
  ViewerRole role = ViewerRole::viewer;
  bool control = false;
  Instant since{};
  bool is_player = false;  ///< by WHEP
};

struct Hold {
  std::string name;
  std::string reason;
};

/// Who ended a session, and why.
struct SessionEnd {
  std::string by;
  std::string reason;
  Instant at{};
};

struct StreamStatus {
  StreamState state = StreamState::down;
  std::uint64_t epoch = 0;
  int restarts = 0;
  Rare<Cause> last_cause;
};

/// One evidence-bearing thing that a session or VM holds: a directory, a process, a cgroup, an
/// address. Written to the ledger before it is acquired and after it is released.
struct Resource {
  std::string id;
  std::string session;  ///< empty while the VM is nobody's
  std::string vm;
  std::string kind;  ///< `address`, `directory`, `cgroup`, `network`, `process`, `socket`
  std::string name;
};

/// The session document. No secret is in it: neither `env` nor `url` nor a token.
struct SessionDocument {
  std::string id;
  std::string user_id;
  std::string provider;
  std::string profile;
  std::string driver;
  std::map<std::string, std::string> labels;
  SessionState state = SessionState::starting;
  std::optional<Stage> stage;
  std::vector<std::pair<Stage, Duration>> stages;  ///< since creation, in order of arrival
  std::string vm_id;
  std::string vm_address;
  VmState vm_state = VmState::preparing;
  bool is_vm_paused = false;
  StreamStatus stream;
  std::vector<ViewerInfo> viewers;
  std::vector<Hold> holds;
  Instant created_at{};
  Duration idle{0};
  Duration max{0};
  Rare<SessionEnd> end;
  Rare<Cause> cause;  ///< why it failed; part of `why`, not of the document outside
  Rare<LoginStatus> login;
  std::string credential_key;  ///< as in the request; not part of the document outside
};

using SessionDocumentPtr = std::shared_ptr<const SessionDocument>;

void to_json(Json& json, const ViewerInfo& viewer);
void to_json(Json& json, const Hold& hold);
void to_json(Json& json, const SessionDocument& document);

/// What `GET /api/v1/vms` shows of one.
struct VmDocument {
  std::string id;
  std::string session;  ///< empty in the warm pool
  std::string profile;
  std::string driver;
  std::string address;
  VmState state = VmState::preparing;
  std::optional<std::int64_t> pid;  ///< of the guest's supervisor or the VMM, as this host sees it
  Instant created_at{};
  std::map<std::string, std::int64_t>
      children;  ///< name to pid, as this host sees them; 0: unknown
  Rare<Cause> cause;
  bool is_paused = false;  ///< an operator halted it
};

using VmDocumentPtr = std::shared_ptr<const VmDocument>;

void to_json(Json& json, const VmDocument& document);

}  // namespace aerie
