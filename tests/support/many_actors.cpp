#include "tests/support/many_actors.hpp"

#include <array>
#include <cstdio>
#include <string>

namespace aerie::test {
namespace {

constexpr std::size_t changed = 200;  ///< of a busy second

std::string id_of(int session, const char* part) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%08x-0000-4000-8000-%s", session, part);
  return text.data();
}

Json node(const std::string& id, const std::string& parent, const std::string& kind,
          const std::string& name, int processed) {
  Json json{{"id", id},
            {"parent", parent.empty() ? Json(nullptr) : Json(parent)},
            {"kind", kind},
            {"name", name},
            {"state", "ready"},
            {"mailbox", processed % 3},
            {"processed", processed},
            {"restarts", 0},
            {"since", "2026-01-01T00:00:00.000Z"},
            {"messagesPerSecond", processed % 50}};
  if (kind == "child") json["pid"] = 1000 + processed;
  return json;
}

/// What there is of one session.
void add_session(Json& nodes, int number, int processed) {
  const auto session = id_of(number, "session00000");
  const auto vm = id_of(number, "vm0000000000");
  nodes.push_back(node(vm, "node", "vm", "vm", processed));
  for (const auto* child : {"display", "window-manager", "browser", "stream"})
    nodes.push_back(node(vm + "/" + child, vm, "child", child, processed));
  nodes.push_back(node(session, "node", "session", "session", processed));
  nodes.push_back(node(session + "/s", session, "stream", "stream", processed));
  nodes.push_back(node(session + "/p", session, "peer", "peer", processed));
}

}  // namespace

Json many_actors() {
  Json nodes = Json::array();
  nodes.push_back(node("root", "", "root", "root", 0));
  nodes.push_back(node("node", "root", "node", "node", 0));
  for (int i = 0; i < many_sessions; ++i)
    add_session(nodes, i, 1);
  return {{"full", true}, {"nodes", std::move(nodes)}, {"removed", Json::array()}};
}

Json many_actors_change(int time) {
  Json nodes = Json::array();
  for (int i = 0; nodes.size() < changed; ++i)
    add_session(nodes, (time * 17 + i) % many_sessions, time);
  return {{"full", false}, {"nodes", std::move(nodes)}, {"removed", Json::array()}};
}

Json one_of_many(int number) {
  return node(id_of(number, "session00000"), "node", "session", "session", 1);
}

}  // namespace aerie::test
