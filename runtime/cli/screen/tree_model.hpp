#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "messages/cause.hpp"
#include "messages/time.hpp"

namespace aerie::cli {

/// The actor tree as the full screen shows it: kept up to date by what `watch` sends; folded,
/// filtered, sorted and walked through by keys. Knows nothing of terminals.
class TreeModel {
 public:
  struct Node {
    std::string id;
    std::string parent;
    std::string kind;
    std::string name;
    std::string state;
    std::string reason;
    std::string last_cause;  ///< why it ended last, in words; it may be well again
    std::int64_t pid = 0;
    std::uint64_t mailbox = 0;
    int restarts = 0;
    Instant since{};
    double rate = 0;  ///< messages a second
    std::optional<double> cpu_percent;
    std::optional<double> memory_kib;
    std::string figures;          ///< of what it stands for, in words
    std::vector<Node*> children;  ///< in the present order, unless `is_unsorted`
    std::uint64_t arrival = 0;
    std::size_t row = 0;       ///< where it is seen, if it is
    int rank = 0;              ///< what an operator looks for comes first
    bool is_linked = false;    ///< its parent knows it
    bool is_folded = false;    ///< by hand, or to fit
    bool is_unsorted = false;  ///< children came since they were put in order
    bool is_passing = true;    ///< the filter, by itself
  };
  /// A line that is to be seen.
  struct Row {
    const Node* node = nullptr;
    int depth = 0;
    bool is_last = false;     ///< among its siblings
    std::uint64_t rails = 0;  ///< bit n: the ancestor at depth n has siblings below
    bool is_folded = false;   ///< and has children
  };
  enum class Order { arrival, name, mailbox, rate, restarts };

  /// Takes in one item of `watch`.
  void apply(const Json& item);

  /// The rows, from the first; built anew when one came, went or moved.
  [[nodiscard]] const std::vector<Row>& rows();

  /// Folds until `height` rows are enough, if that can be: first what is not about sessions, then
  /// what sessions and VMs consist of. Until somebody folds by hand.
  void fit(std::size_t height);

  void toggle(const std::string& id);
  void fold(const std::string& id, bool is_folded);
  void set_filter(std::string filter);
  [[nodiscard]] const std::string& filter() const { return filter_; }
  void next_order();
  [[nodiscard]] std::string_view order_name() const;

  /// The next row whose text contains `text`, after `from`, around the end; none: nowhere.
  [[nodiscard]] std::optional<std::size_t> search(const std::string& text, std::size_t from);

  [[nodiscard]] const Node* find(const std::string& id) const;
  /// Where it is seen; none: it is folded away, filtered out, or gone.
  [[nodiscard]] std::optional<std::size_t> row_of(const std::string& id);
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] std::size_t count(const std::string& kind) const;
  [[nodiscard]] std::uint64_t dead_letters() const { return dead_letters_; }

 private:
  void reshape();
  void take(const Json& json);
  void place(Node& node, const std::string& parent);
  void link(Node& node);
  void remove(const std::string& id);
  void count_kind(const std::string& kind, int by);
  void build();
  void add_rows(Node& node, int depth, bool is_last, std::uint64_t rails);
  /// The children in the present order; sorted anew where that may have changed.
  const std::vector<Node*>& in_order(std::vector<Node*>& nodes, bool& is_unsorted) const;
  /// True where it or something below it passes the filter.
  bool matches(const Node& node);

  std::unordered_map<std::string, Node> nodes_;
  std::vector<Node*> tops_;  ///< those whose parent is not known
  bool are_tops_unsorted_ = false;
  std::unordered_map<std::string, std::size_t> kinds_;
  std::vector<Row> rows_;
  std::unordered_map<const Node*, bool> matching_;  ///< while rows are built
  std::string filter_;
  Order order_ = Order::arrival;
  std::uint64_t arrivals_ = 0;
  std::uint64_t dead_letters_ = 0;
  bool is_stale_ = true;
  bool is_touched_ = false;  ///< somebody folded by hand
  bool is_reshaped_ = true;  ///< nodes came, went or moved since it was made to fit
  std::size_t fitted_height_ = 0;
};

/// `session 1a2b3c4d`: what a node is called where there is little room.
[[nodiscard]] std::string short_name(const TreeModel::Node& node);

}  // namespace aerie::cli
