#include "runtime/cli/screen/tree_model.hpp"

#include <algorithm>
#include <cctype>

namespace aerie::cli {
namespace {

constexpr std::size_t short_id = 8;

bool contains(std::string_view text, std::string_view part) {
  const auto is_alike = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), is_alike) != text.end();
}

bool passes(const TreeModel::Node& node, std::string_view filter) {
  return contains(node.id, filter) || contains(node.name, filter) || contains(node.kind, filter) ||
         contains(node.state, filter) || contains(node.reason, filter);
}

/// What an operator looks for comes first.
int rank_of(std::string_view kind) {
  if (kind == "node") return 0;
  if (kind == "session") return 1;
  if (kind == "vm") return 2;
  return 3;
}

std::optional<double> number_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  if (found == json.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

void read(TreeModel::Node& node, const Json& json) {
  node.kind = json.value("kind", "");
  node.rank = rank_of(node.kind);
  node.name = json.value("name", "");
  node.state = json.value("state", "");
  node.reason = json.value("reason", "");
  node.pid = json.value("pid", std::int64_t{0});
  node.mailbox = json.value("mailbox", std::uint64_t{0});
  node.restarts = json.value("restarts", 0);
  node.since = from_rfc3339(json.value("since", "")).value_or(Instant{});
  node.rate = json.value("messagesPerSecond", 0.0);
  node.cpu_percent = number_in(json, "cpuPercent");
  node.memory_kib = number_in(json, "memoryKiB");
}

}  // namespace

std::string short_name(const TreeModel::Node& node) {
  if (node.kind == "session" || node.kind == "vm")
    return node.kind + " " + node.id.substr(0, short_id);
  if (node.kind == "peer" || node.kind == "player")
    return node.kind + " " + node.id.substr(0, short_id);
  return node.name.empty() ? node.kind : node.name;
}

// -- what there is --------------------------------------------------------------------------------

void TreeModel::apply(const Json& item) {
  if (item.value("full", false)) {
    nodes_.clear();
    rows_.clear();
    is_reshaped_ = true;
  }
  is_stale_ = true;
  dead_letters_ = item.value("deadLetters", dead_letters_);
  for (const auto& id : item.value("removed", Json::array()))
    remove(id.get<std::string>());
  for (const auto& json : item.value("nodes", Json::array())) {
    const auto id = json.value("id", "");
    auto [found, is_new] = nodes_.try_emplace(id);
    auto& node = found->second;
    if (is_new) {
      node.id = id;
      node.arrival = ++arrivals_;
    }
    read(node, json);
    const auto parent = json.find("parent");
    place(node, parent != json.end() && parent->is_string() ? parent->get<std::string>() : "");
  }
  // Who came before its parent finds it now.
  for (auto& [id, node] : nodes_)
    if (!node.is_linked) link(node);
}

void TreeModel::link(Node& node) {
  const auto parent = nodes_.find(node.parent);
  if (parent == nodes_.end()) return;
  parent->second.children.push_back(&node);
  node.is_linked = true;
}

void TreeModel::place(Node& node, const std::string& parent) {
  if (node.parent == parent) return;
  is_reshaped_ = true;
  if (const auto before = nodes_.find(node.parent); before != nodes_.end())
    std::erase(before->second.children, &node);
  node.parent = parent;
  node.is_linked = false;
}

void TreeModel::remove(const std::string& id) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end()) return;
  if (const auto parent = nodes_.find(found->second.parent); parent != nodes_.end())
    std::erase(parent->second.children, &found->second);
  for (auto* child : found->second.children)
    child->is_linked = false;
  nodes_.erase(found);
  is_reshaped_ = true;
  folded_.erase(id);
}

const TreeModel::Node* TreeModel::find(const std::string& id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::size_t TreeModel::count(std::string_view kind) const {
  return static_cast<std::size_t>(std::count_if(
      nodes_.begin(), nodes_.end(), [&](const auto& each) { return each.second.kind == kind; }));
}

// -- what is to be seen ---------------------------------------------------------------------------

const std::vector<TreeModel::Row>& TreeModel::rows() {
  if (std::exchange(is_stale_, false)) build();
  return rows_;
}

void TreeModel::build() {
  rows_.clear();
  matching_.clear();
  std::vector<Node*> roots;
  for (auto& [id, node] : nodes_)
    if (!nodes_.contains(node.parent)) roots.push_back(&node);
  roots = in_order(roots);
  for (std::size_t i = 0; i < roots.size(); ++i)
    if (filter_.empty() || matches(*roots[i])) add_rows(*roots[i], 0, i + 1 == roots.size(), 0);
}

void TreeModel::add_rows(const Node& node, int depth, bool is_last, std::uint64_t rails) {
  constexpr int deepest = 63;
  // A filter looks into what is folded.
  const bool is_folded = filter_.empty() && !node.children.empty() && folded_.contains(node.id);
  rows_.push_back({&node, depth, is_last, rails, is_folded});
  if (is_folded || depth == deepest) return;
  auto children = in_order(node.children);
  if (!filter_.empty())
    std::erase_if(children, [this](const Node* child) { return !matches(*child); });
  const auto below = is_last ? rails : rails | std::uint64_t{1} << static_cast<unsigned>(depth);
  for (std::size_t i = 0; i < children.size(); ++i)
    add_rows(*children[i], depth + 1, i + 1 == children.size(), below);
}

std::vector<TreeModel::Node*> TreeModel::in_order(const std::vector<Node*>& children) const {
  auto sorted = children;
  std::sort(sorted.begin(), sorted.end(), [this](const Node* a, const Node* b) {
    switch (order_) {
      case Order::name:
        if (a->name != b->name) return a->name < b->name;
        break;
      case Order::mailbox:
        if (a->mailbox != b->mailbox) return a->mailbox > b->mailbox;
        break;
      case Order::rate:
        if (a->rate != b->rate) return a->rate > b->rate;
        break;
      case Order::restarts:
        if (a->restarts != b->restarts) return a->restarts > b->restarts;
        break;
      case Order::arrival:
        if (a->rank != b->rank) return a->rank < b->rank;
        break;
    }
    return a->arrival < b->arrival;
  });
  return sorted;
}

bool TreeModel::matches(const Node& node) {
  if (const auto known = matching_.find(&node); known != matching_.end()) return known->second;
  bool is_matching = passes(node, filter_);
  for (const auto* child : node.children)
    is_matching = matches(*child) || is_matching;
  return matching_[&node] = is_matching;
}

void TreeModel::fit(std::size_t height) {
  // With the same nodes in the same room the same is folded.
  if (is_touched_ || (!is_reshaped_ && height == fitted_height_)) return;
  is_reshaped_ = false;
  fitted_height_ = height;
  folded_.clear();
  is_stale_ = true;
  const auto fold_kind = [this](std::string_view kind) {
    for (const auto& [id, node] : nodes_)
      if (node.kind == kind && !node.children.empty()) folded_.insert(id);
    is_stale_ = true;
  };
  for (const auto* kind : {"supervisor", "vm", "session"}) {
    if (rows().size() <= height) return;
    fold_kind(kind);
  }
}

void TreeModel::toggle(const std::string& id) {
  fold(id, !folded_.contains(id));
}

void TreeModel::fold(const std::string& id, bool is_folded) {
  is_touched_ = true;
  is_stale_ = true;
  if (is_folded)
    folded_.insert(id);
  else
    folded_.erase(id);
}

void TreeModel::set_filter(std::string filter) {
  filter_ = std::move(filter);
  is_stale_ = true;
}

void TreeModel::next_order() {
  order_ =
      order_ == Order::restarts ? Order::arrival : static_cast<Order>(static_cast<int>(order_) + 1);
  is_stale_ = true;
}

std::string_view TreeModel::order_name() const {
  switch (order_) {
    case Order::arrival:
      return "tree";
    case Order::name:
      return "name";
    case Order::mailbox:
      return "mailbox";
    case Order::rate:
      return "messages";
    case Order::restarts:
      return "restarts";
  }
  return "";
}

std::optional<std::size_t> TreeModel::search(const std::string& text, std::size_t from) {
  const auto& all = rows();
  for (std::size_t i = 1; i <= all.size(); ++i) {
    const auto at = (from + i) % all.size();
    if (passes(*all[at].node, text)) return at;
  }
  return std::nullopt;
}

}  // namespace aerie::cli
