#pragma once

#include <string>
#include <vector>

#include "actors/core/roster.hpp"

namespace aerie {

/// One line of the tree, without its children.
struct TreeNode {
  std::string id;
  std::string parent;  ///< empty: the root
  Json shown;          ///< `{id, kind, name, state, pid?, mailbox, processed, restarts, since,
                       ///< reason?}`, with rates where they are known
};

/// The living actors and the processes of their guests, parents before children, in the order in
/// which they began.
[[nodiscard]] std::vector<TreeNode> tree_nodes(const std::vector<ActorFacts>& facts);

/// The nested form (contract, section 11).
[[nodiscard]] Json tree_of(const std::vector<TreeNode>& nodes);

/// All that `inspect` tells from outside.
[[nodiscard]] Json inspection_of(const ActorFacts& facts, const std::vector<ActorFacts>& all);

}  // namespace aerie
