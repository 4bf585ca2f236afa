#include "runtime/tombstones/tombstone_inventory.hpp"

#include <set>

#include "runtime/store/stored_session.hpp"
#include "runtime/tombstones/folder.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_document = 4UL * 1024 * 1024;
constexpr std::string_view console_prefix = "console-";
constexpr std::string_view console_suffix = ".log";

/// The guests whose consoles are in it, and the last one.
std::vector<std::string> guests_of(const Folder& tombstone, const SessionDocument& document) {
  std::vector<std::string> vms;
  for (const auto& name : tombstone.names())
    if (name.starts_with(console_prefix) && name.ends_with(console_suffix))
      vms.push_back(name.substr(console_prefix.size(),
                                name.size() - console_prefix.size() - console_suffix.size()));
  if (!document.vm_id.empty()) vms.push_back(document.vm_id);
  return vms;
}

/// What became of it is not known any more; that it is over is.
void close(SessionDocument& document) {
  document.vm_state = VmState::stopped;
  document.viewers.clear();
  if (is_final(document.state)) return;
  document.state = SessionState::failed;
  document.end = SessionEnd{"controller", "failed", wall_now()};
  document.cause = Cause{CauseKind::controller_restarted,
                         "The controller lost its database while this session was under way.",
                         "Start a new session; what was saved of this one is in its tombstone.",
                         {}};
}

SessionDocumentPtr closed(SessionDocument document) {
  close(document);
  return std::make_shared<const SessionDocument>(std::move(document));
}

class Inventory {
 public:
  Inventory(const Folder& state, StoreContents& contents) : state_(state), contents_(contents) {
    for (const auto& session : contents.sessions)
      known_.insert(session->id);
  }

  void add_tombstones() {
    const auto folder = state_.find("tombstones");
    if (!folder) return;
    for (const auto& id : folder->names())
      if (!id.starts_with('.') && !known_.contains(id) && !add_tombstone(*folder, id))
        contents_.troubles.push_back(
            {CauseKind::store_failed,
             "The tombstone '" + folder->path() + "/" + id + "' is of no session that is known.",
             "Look at what is in it, and delete it by hand.",
             {}});
  }

  /// Sessions of which nothing but their children's lines is left.
  void add_logs() {
    const auto folder = state_.find("sessions");
    if (!folder) return;
    for (const auto& id : folder->names()) {
      if (!known_.insert(id).second || !folder->find(id)) continue;
      SessionDocument document;
      document.id = id;
      document.created_at = wall_now();
      contents_.unknown_sessions.push_back({closed(std::move(document)), {id, {}, 0, {}, {}}});
    }
  }

 private:
  bool add_tombstone(const Folder& folder, const std::string& id) {
    const auto tombstone = folder.find(id);
    const auto text = tombstone ? tombstone->read("session.json", max_document) : std::nullopt;
    auto document = restored_session(id, text.value_or(""));
    if (!document || document->id != id) return false;
    known_.insert(id);
    // One that was over has had its last word; the others get theirs, with the lines said since.
    const auto state =
        is_final(document->state) ? TombstoneState::complete : TombstoneState::evidence;
    TombstoneRecord record{id, wall_now(), tombstone->bytes(), state,
                           guests_of(*tombstone, *document)};
    if (document->end) record.at = document->end->at;
    contents_.unknown_sessions.emplace_back(closed(*std::move(document)), std::move(record));
    return true;
  }

  const Folder& state_;
  StoreContents& contents_;
  std::set<std::string> known_;
};

}  // namespace

void add_unknown_sessions(const std::string& state, StoreContents& contents) {
  const auto folder = Folder::open(state);
  if (!folder) return contents.troubles.push_back(folder.error());
  Inventory inventory{*folder, contents};
  inventory.add_tombstones();
  inventory.add_logs();
}

}  // namespace aerie
