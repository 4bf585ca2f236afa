#include "runtime/cli/screen/tree_model.hpp"

#include <algorithm>
#include <cctype>

#include "runtime/cli/console_text.hpp"

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
         contains(node.state, filter) || contains(node.reason, filter) ||
         contains(node.last_cause, filter);
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
  node.rank = rank_of(node.kind);
  node.name = json.value("name", "");
  node.state = json.value("state", "");
  node.reason = json.value("reason", "");
  node.last_cause = last_cause_text(json);
  node.pid = json.value("pid", std::int64_t{0});
  node.mailbox = json.value("mailbox", std::uint64_t{0});
  node.restarts = json.value("restarts", 0);
  node.since = from_rfc3339(json.value("since", "")).value_or(Instant{});
  node.rate = json.value("messagesPerSecond", 0.0);
  node.cpu_percent = number_in(json, "cpuPercent");
  node.memory_kib = number_in(json, "memoryKiB");
  const auto figures = json.find("figures");
  node.figures = figures == json.end() ? "" : figures_text(*figures);
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
    tops_.clear();
    kinds_.clear();
    rows_.clear();
    reshape();
  }
  dead_letters_ = item.value("deadLetters", dead_letters_);
  if (const auto removed = item.find("removed"); removed != item.end())
    for (const auto& id : *removed)
      remove(id.get<std::string>());
  if (const auto nodes = item.find("nodes"); nodes != item.end())
    for (const auto& json : *nodes)
      take(json);
  // Who came before its parent finds it now.
  std::erase_if(tops_, [this](Node* node) {
    link(*node);
    return node->is_linked;
  });
  // Figures move rows only where these stand or are left out by them.
  if (order_ != Order::arrival || !filter_.empty()) is_stale_ = true;
}

void TreeModel::reshape() {
  is_reshaped_ = true;
  is_stale_ = true;
}

void TreeModel::take(const Json& json) {
  const auto id = json.value("id", "");
  auto [found, is_new] = nodes_.try_emplace(id);
  auto& node = found->second;
  if (is_new) {
    node.id = id;
    node.arrival = ++arrivals_;
    tops_.push_back(&node);
    are_tops_unsorted_ = true;
    reshape();
  }
  const auto kind = std::exchange(node.kind, json.value("kind", ""));
  if (kind != node.kind) {
    if (!is_new) count_kind(kind, -1);
    count_kind(node.kind, 1);
    if (node.is_linked) nodes_.at(node.parent).is_unsorted = true;
    reshape();
  }
  read(node, json);
  if (!filter_.empty()) node.is_passing = passes(node, filter_);
  const auto parent = json.find("parent");
  place(node, parent != json.end() && parent->is_string() ? parent->get<std::string>() : "");
}

void TreeModel::count_kind(const std::string& kind, int by) {
  kinds_[kind] += static_cast<std::size_t>(by);
}

void TreeModel::link(Node& node) {
  const auto parent = nodes_.find(node.parent);
  if (parent == nodes_.end()) return;
  parent->second.children.push_back(&node);
  parent->second.is_unsorted = true;
  node.is_linked = true;
}

void TreeModel::place(Node& node, const std::string& parent) {
  if (node.parent == parent) return;
  reshape();
  if (node.is_linked) {
    std::erase(nodes_.at(node.parent).children, &node);
    tops_.push_back(&node);
    are_tops_unsorted_ = true;
  }
  node.parent = parent;
  node.is_linked = false;
}

void TreeModel::remove(const std::string& id) {
  const auto found = nodes_.find(id);
  if (found == nodes_.end()) return;
  auto& node = found->second;
  auto& siblings = node.is_linked ? nodes_.at(node.parent).children : tops_;
  std::erase(siblings, &node);
  for (auto* child : node.children) {
    child->is_linked = false;
    tops_.push_back(child);
    are_tops_unsorted_ = true;
  }
  count_kind(node.kind, -1);
  nodes_.erase(found);
  reshape();
}

const TreeModel::Node* TreeModel::find(const std::string& id) const {
  const auto found = nodes_.find(id);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::optional<std::size_t> TreeModel::row_of(const std::string& id) {
  const auto& all = rows();
  const auto* node = find(id);
  const bool is_seen = node != nullptr && node->row < all.size() && all[node->row].node == node;
  return is_seen ? std::optional{node->row} : std::nullopt;
}

std::size_t TreeModel::count(const std::string& kind) const {
  const auto found = kinds_.find(kind);
  return found == kinds_.end() ? 0 : found->second;
}

// -- what is to be seen ---------------------------------------------------------------------------

const std::vector<TreeModel::Row>& TreeModel::rows() {
  if (std::exchange(is_stale_, false)) build();
  return rows_;
}

void TreeModel::build() {
  rows_.clear();
  matching_.clear();
  auto tops = in_order(tops_, are_tops_unsorted_);
  if (!filter_.empty()) std::erase_if(tops, [this](const Node* node) { return !matches(*node); });
  for (std::size_t i = 0; i < tops.size(); ++i)
    add_rows(*tops[i], 0, i + 1 == tops.size(), 0);
}

void TreeModel::add_rows(Node& node, int depth, bool is_last, std::uint64_t rails) {
  constexpr int deepest = 63;
  // A filter looks into what is folded.
  const bool is_folded = filter_.empty() && !node.children.empty() && node.is_folded;
  node.row = rows_.size();
  rows_.push_back({&node, depth, is_last, rails, is_folded});
  if (is_folded || depth == deepest) return;
  const auto below = is_last ? rails : rails | std::uint64_t{1} << static_cast<unsigned>(depth);
  Node* last = nullptr;
  const auto& children = in_order(node.children, node.is_unsorted);
  const auto is_shown = [this](const Node* child) { return filter_.empty() || matches(*child); };
  for (auto* child : children)
    if (is_shown(child)) last = child;
  for (auto* child : children)
    if (is_shown(child)) add_rows(*child, depth + 1, child == last, below);
}

const std::vector<TreeModel::Node*>& TreeModel::in_order(std::vector<Node*>& nodes,
                                                         bool& is_unsorted) const {
  // By arrival nothing moves that is there.
  if (order_ == Order::arrival && !std::exchange(is_unsorted, false)) return nodes;
  std::sort(nodes.begin(), nodes.end(), [this](const Node* a, const Node* b) {
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
  return nodes;
}

bool TreeModel::matches(const Node& node) {
  if (const auto known = matching_.find(&node); known != matching_.end()) return known->second;
  bool is_matching = node.is_passing;
  for (const auto* child : node.children)
    is_matching = matches(*child) || is_matching;
  return matching_[&node] = is_matching;
}

void TreeModel::fit(std::size_t height) {
  // With the same nodes in the same room the same is folded.
  if (is_touched_ || (!is_reshaped_ && height == fitted_height_)) return;
  is_reshaped_ = false;
  fitted_height_ = height;
  for (auto& [id, node] : nodes_)
    node.is_folded = false;
  is_stale_ = true;
  const auto fold_kind = [this](std::string_view kind) {
    for (auto& [id, node] : nodes_)
      if (node.kind == kind && !node.children.empty()) node.is_folded = true;
    is_stale_ = true;
  };
  for (const auto* kind : {"supervisor", "vm", "session"}) {
    if (rows().size() <= height) return;
    fold_kind(kind);
  }
}

void TreeModel::toggle(const std::string& id) {
  if (const auto* node = find(id)) fold(id, !node->is_folded);
}

void TreeModel::fold(const std::string& id, bool is_folded) {
  is_touched_ = true;
  is_stale_ = true;
  if (const auto found = nodes_.find(id); found != nodes_.end())
    found->second.is_folded = is_folded;
}

void TreeModel::set_filter(std::string filter) {
  filter_ = std::move(filter);
  for (auto& [id, node] : nodes_)
    node.is_passing = filter_.empty() || passes(node, filter_);
  is_stale_ = true;
}

void TreeModel::next_order() {
  order_ =
      order_ == Order::restarts ? Order::arrival : static_cast<Order>(static_cast<int>(order_) + 1);
  // Back to the order in which they came: all were sorted by something else.
  are_tops_unsorted_ = true;
  for (auto& [id, node] : nodes_)
    node.is_unsorted = true;
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
