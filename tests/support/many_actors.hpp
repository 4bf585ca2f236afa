#pragma once

#include "messages/cause.hpp"

namespace aerie::test {

/// Sessions that `many_actors` tells of, of eight actors and processes each.
inline constexpr int many_sessions = 1'250;

/// What a controller with 10,000 actors tells first of all to who asks it to `watch`.
[[nodiscard]] Json many_actors();

/// What it tells of them later: 200 have handled more, others each `time`.
[[nodiscard]] Json many_actors_change(int time);

/// The session of that number, from 0, as one of the actors of the tree.
[[nodiscard]] Json one_of_many(int number);

}  // namespace aerie::test
