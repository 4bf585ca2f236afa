#include "runtime/console/actor_tree.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace aerie {
namespace {

using std::chrono::nanoseconds;

/// A handler that takes longer is told in the tree.
constexpr std::chrono::seconds long_handling{1};

double ms(nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

double us(nanoseconds time) {
  return std::chrono::duration<double, std::micro>(time).count();
}

/// Why it ended last; its evidence is in `why`.
void put_last_cause(Json& json, const Rare<Cause>& cause) {
  if (!cause) return;
  json["lastCause"] = {{"kind", to_string(cause->kind)}, {"message", cause->message}};
  if (!cause->remedy.empty()) json["lastCause"]["remedy"] = cause->remedy;
}

Json node_of(const ActorFacts& facts) {
  const auto& face = facts.face;
  Json json{{"id", facts.id},
            {"kind", facts.kind},
            {"name", facts.name},
            {"state", face.state},
            {"mailbox", facts.mailbox},
            {"processed", facts.processed},
            {"restarts", face.restarts},
            {"since", to_rfc3339(face.since)}};
  if (face.pid > 0) json["pid"] = face.pid;
  if (!face.reason.empty()) json["reason"] = face.reason;
  for (const auto& [name, value] : face.figures)
    json["figures"][name] = value;
  put_last_cause(json, face.last_cause);
  if (facts.busy_for && *facts.busy_for > long_handling)
    json["reason"] = "It has been handling " + facts.busy_with + " for " +
                     std::to_string(static_cast<long>(ms(*facts.busy_for))) + " ms.";
  return json;
}

/// A guest's process.
Json part_node(const ActorFacts& owner, const ActorPart& part) {
  Json json{{"id", owner.id + "/" + part.name},
            {"kind", "child"},
            {"name", part.name},
            {"state", part.state},
            {"mailbox", 0},
            {"processed", 0},
            {"restarts", part.restarts},
            {"since", to_rfc3339(part.since)}};
  if (part.pid > 0) json["pid"] = part.pid;
  if (!part.reason.empty()) json["reason"] = part.reason;
  put_last_cause(json, part.last_cause);
  return json;
}

/// Supervised actors bear what their supervisor knows of them.
void take_from_supervisor(Json& shown, const ActorFacts& supervisor) {
  for (const auto& part : supervisor.face.parts) {
    if (part.name != shown["name"]) continue;
    shown["restarts"] = part.restarts;
    if (!part.reason.empty() && !shown.contains("reason")) shown["reason"] = part.reason;
    put_last_cause(shown, part.last_cause);
  }
}

bool is_supervisor(const ActorFacts& facts) {
  return facts.kind == "supervisor" || facts.kind == "root";
}

}  // namespace

std::vector<TreeNode> tree_nodes(const std::vector<ActorFacts>& facts) {
  std::unordered_map<std::string, const ActorFacts*> by_id;
  for (const auto& each : facts)
    by_id[each.id] = &each;
  // CAF numbers actors in order, so that parents come before their children.
  std::vector<TreeNode> nodes;
  for (const auto& each : facts) {
    TreeNode node{each.id, each.parent, node_of(each)};
    const auto parent = by_id.find(each.parent);
    if (parent == by_id.end()) node.parent.clear();
    if (parent != by_id.end() && is_supervisor(*parent->second))
      take_from_supervisor(node.shown, *parent->second);
    nodes.push_back(std::move(node));
    for (const auto& part : each.face.parts) {
      if (!is_supervisor(each)) {
        nodes.push_back({each.id + "/" + part.name, each.id, part_node(each, part)});
        continue;
      }
      // Of a supervisor's children those are shown here that do not live.
      const bool lives = std::any_of(facts.begin(), facts.end(), [&](const ActorFacts& other) {
        return other.parent == each.id && other.name == part.name;
      });
      if (lives) continue;
      auto gone = part_node(each, part);
      gone["kind"] = part.name;
      nodes.push_back({each.id + "/" + part.name, each.id, std::move(gone)});
    }
  }
  return nodes;
}

Json tree_of(const std::vector<TreeNode>& nodes) {
  std::unordered_map<std::string, std::vector<const TreeNode*>> children;
  for (const auto& node : nodes)
    children[node.parent].push_back(&node);
  const auto nest = [&](const auto& self, const TreeNode& node) -> Json {
    Json json = node.shown;
    json["children"] = Json::array();
    if (const auto found = children.find(node.id); found != children.end())
      for (const auto* child : found->second)
        json["children"].push_back(self(self, *child));
    return json;
  };
  const auto roots = children.find("");
  if (roots == children.end()) return nullptr;
  for (const auto* root : roots->second)
    if (root->shown["kind"] == "root") return nest(nest, *root);
  return nest(nest, *roots->second.front());
}

Json inspection_of(const ActorFacts& facts, const std::vector<ActorFacts>& all) {
  Json monitors = Json::array();
  for (const auto& id : facts.monitors)
    for (const auto& each : all)
      if (each.id == id) monitors.push_back({{"id", id}, {"kind", each.kind}, {"name", each.name}});
  auto json = node_of(facts);
  for (const auto& each : all)
    if (each.id == facts.parent && is_supervisor(each)) take_from_supervisor(json, each);
  if (!is_supervisor(facts) && !facts.face.parts.empty()) {
    json["parts"] = Json::object();
    for (const auto& part : facts.face.parts)
      json["parts"][part.name] = part_node(facts, part);
  }
  json["parent"] = facts.parent.empty() ? Json(nullptr) : Json(facts.parent);
  json["began"] = to_rfc3339(facts.began);
  json["oldestMs"] = ms(facts.oldest);
  json["messages"] = facts.by_type;
  json["handling"] = {{"totalMs", ms(facts.handling)},
                      {"p50Us", us(facts.p50)},
                      {"p99Us", us(facts.p99)},
                      {"busyForMs", facts.busy_for ? Json(ms(*facts.busy_for)) : Json(nullptr)},
                      {"busyWith", facts.busy_for ? Json(facts.busy_with) : Json(nullptr)}};
  json["monitors"] = std::move(monitors);
  json["links"] = Json::array();  // see `Actor::link_to`
  return json;
}

}  // namespace aerie
