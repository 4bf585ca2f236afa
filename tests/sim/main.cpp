#include <CLI/CLI.hpp>
#include <algorithm>

#include "tests/sim/campaign.hpp"

// `./run sim`: the real actors in a simulated world, one seed a history.

int main(int argc, char** argv) {
  using namespace aerie::sim;
  Seeds seeds;
  std::uint64_t deaths = 0;
  bool wants_planted = false;
  CLI::App app{"Plays random histories of the whole system in virtual time."};
  const auto* seed = app.add_option("--seed", seeds.first, "the first seed");
  const auto* runs = app.add_option("--runs", seeds.count, "how many seeds; 1 where one is named");
  app.add_option("--every-write", deaths, "seeds whose controller is to die at each of its writes");
  app.add_flag("--planted", wants_planted, "plant each known mistake and look for it");
  CLI11_PARSE(app, argc, argv);
  if (*seed && !*runs) seeds.count = 1;

  bool is_well = explore(seeds);
  is_well = repeat({seeds.first, std::min<std::uint64_t>(seeds.count, 50)}) && is_well;
  if (deaths > 0) is_well = die_at_every_write({seeds.first, deaths}) && is_well;
  if (wants_planted) is_well = find_planted(seeds) && is_well;
  return is_well ? 0 : 1;
}
