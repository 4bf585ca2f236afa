#pragma once

namespace aerie {

/// Mistakes that are planted on purpose: the simulation (`tests/sim`) must find each of them. Only
/// its own build of the actors can make them; everywhere else `is_planted` is false at compile
/// time.
enum class PlantedBug {
  none,
  stale_consent,             ///< holds are not looked at again between grant and release
  release_before_tombstone,  ///< evidence goes before it is safe
  forgotten_resource,        ///< a restart loses sight of a guest's directory
};

#ifdef AERIE_PLANTED_BUGS
inline PlantedBug planted_bug = PlantedBug::none;
[[nodiscard]] inline bool is_planted(PlantedBug bug) {
  return planted_bug == bug;
}
#else
[[nodiscard]] constexpr bool is_planted(PlantedBug) {
  return false;
}
#endif

}  // namespace aerie
