#include "runtime/tombstones/tombstone_inventory.hpp"

#include <algorithm>

#include "runtime/store/stored_session.hpp"
#include "runtime/tombstones/folder.hpp"

namespace aerie {
namespace {

constexpr std::size_t max_document = 4UL * 1024 * 1024;
constexpr std::string_view console_prefix = "console-";
constexpr std::string_view console_suffix = ".log";

bool is_known(const std::string& session, const StoreContents& contents) {
  return std::any_of(contents.sessions.begin(), contents.sessions.end(),
                     [&](const auto& each) { return each->id == session; });
}

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

}  // namespace

void add_unknown_tombstones(const std::string& state, StoreContents& contents) {
  const auto folder = Folder::open(state + "/tombstones");
  if (!folder) return contents.troubles.push_back(folder.error());
  for (const auto& id : folder->names()) {
    if (id.starts_with('.') || is_known(id, contents)) continue;
    const auto tombstone = folder->find(id);
    const auto text = tombstone ? tombstone->read("session.json", max_document) : std::nullopt;
    auto document = restored_session(id, text.value_or(""));
    if (!document || document->id != id) {
      contents.troubles.push_back(
          {CauseKind::store_failed,
           "The tombstone '" + folder->path() + "/" + id + "' is of no session that is known.",
           "Look at what is in it, and delete it by hand.",
           {}});
      continue;
    }
    close(*document);
    TombstoneRecord record{id, wall_now(), tombstone->bytes(), TombstoneState::complete,
                           guests_of(*tombstone, *document)};
    if (document->end) record.at = document->end->at;
    contents.unknown_tombstones.emplace_back(
        std::make_shared<const SessionDocument>(*std::move(document)), std::move(record));
  }
}

}  // namespace aerie
