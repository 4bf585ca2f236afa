#include "runtime/cli/screen/tree_model.hpp"

#include <catch2/catch.hpp>
#include <random>

using aerie::Json;
using aerie::cli::TreeModel;

namespace {

Json node(const std::string& id, const std::string& parent, const std::string& kind,
          int mailbox = 0) {
  return {{"id", id},
          {"parent", parent.empty() ? Json(nullptr) : Json(parent)},
          {"kind", kind},
          {"name", "n" + id},
          {"state", "ready"},
          {"mailbox", mailbox},
          {"restarts", mailbox % 2}};
}

Json item(std::vector<Json> nodes, std::vector<Json> removed = {}, bool is_full = false) {
  return {{"full", is_full}, {"nodes", std::move(nodes)}, {"removed", std::move(removed)}};
}

std::string shown(TreeModel& model) {
  std::string text;
  for (const auto& row : model.rows())
    text += std::string(static_cast<std::size_t>(row.depth), ' ') + row.node->id +
            (row.is_last ? "." : "") + (row.is_folded ? "+" : "") + "\n";
  return text;
}

}  // namespace

TEST_CASE("actors stand below their parents, sessions and guests first", "[screen]") {
  TreeModel model;
  model.apply(item({node("p", "s", "peer"), node("r", "", "root"), node("x", "n", "orphans"),
                    node("n", "r", "node"), node("s", "n", "session"), node("v", "n", "vm")},
                   {}, true));
  CHECK(shown(model) == "r.\n n.\n  s\n   p.\n  v\n  x.\n");
  CHECK(model.count("session") == 1);
  CHECK(model.row_of("v") == 4);
  model.fold("s", true);
  CHECK(shown(model) == "r.\n n.\n  s+\n  v\n  x.\n");
  CHECK_FALSE(model.row_of("p"));
  model.apply(item({}, {"s"}));
  CHECK(model.count("session") == 0);
  CHECK(shown(model) == "p\nr.\n n.\n  v\n  x.\n");
  model.apply(item({node("s", "n", "session")}));
  CHECK(shown(model) == "r.\n n.\n  s\n   p.\n  v\n  x.\n");
}

TEST_CASE("what ended once is found by its cause, though it is well", "[screen]") {
  TreeModel model;
  auto restarted = node("b", "r", "child");
  restarted["lastCause"] = {{"kind", "signal"}, {"message", "b was ended by SIGKILL."}};
  model.apply(item({node("r", "", "root"), node("a", "r", "child"), restarted}, {}, true));
  CHECK(model.find("b")->last_cause == "b was ended by SIGKILL.");
  CHECK(model.find("a")->last_cause.empty());
  CHECK(model.search("sigkill", 0) == model.row_of("b"));
}

TEST_CASE("a filter leaves what passes it, and the way there", "[screen]") {
  TreeModel model;
  model.apply(item({node("r", "", "root"), node("a", "r", "vm"), node("b", "r", "vm"),
                    node("deep", "b", "child")},
                   {}, true));
  model.set_filter("DEEP");
  CHECK(shown(model) == "r.\n b.\n  deep.\n");
  model.apply(item({node("deeper", "a", "child")}));
  CHECK(shown(model) == "r.\n a\n  deeper.\n b.\n  deep.\n");
  model.set_filter("");
  CHECK(model.rows().size() == 5);
}

TEST_CASE("whatever changed, the rows are those of a tree read anew", "[screen]") {
  std::mt19937 random{7};
  const auto upto = [&](int most) { return std::uniform_int_distribution<int>{0, most}(random); };
  TreeModel model;
  std::map<std::string, Json> present;
  std::vector<std::string> arrived;
  for (int round = 0; round < 300; ++round) {
    std::vector<Json> nodes;
    std::vector<Json> removed;
    for (int i = 0; i < 3; ++i) {
      const auto id = std::to_string(upto(40));
      if (present.contains(id) && upto(3) == 0 && nodes.empty()) {
        present.erase(id);
        std::erase(arrived, id);
        removed.emplace_back(id);
        continue;
      }
      // A parent has a smaller number, or is not there: no circles.
      const auto parent = upto(9) == 0 ? "" : std::to_string(upto(std::stoi(id)));
      const auto kind = std::array{"vm", "session", "peer"}.at(static_cast<std::size_t>(upto(2)));
      auto fresh = node(id, parent == id ? "" : parent, kind, upto(5));
      if (!present.contains(id)) arrived.push_back(id);
      present[id] = fresh;
      nodes.push_back(std::move(fresh));
    }
    model.apply(item(nodes, removed));
    if (upto(9) == 0) model.next_order();
    if (upto(19) == 0) model.set_filter(upto(1) == 0 ? "" : "vm");
    TreeModel anew;
    std::vector<Json> all;
    for (const auto& id : arrived)
      all.push_back(present[id]);
    anew.apply(item(all, {}, true));
    while (anew.order_name() != model.order_name())
      anew.next_order();
    anew.set_filter(model.filter());
    REQUIRE(shown(model) == shown(anew));
  }
}
