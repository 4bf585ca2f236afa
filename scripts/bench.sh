# shellcheck shell=bash
# bench [NAME [PART]…]: runs build/benchmarks/NAME-bench, which writes build/bench/NAME.json, and draws it; of one that has
# parts, those whose names contain one of these words.

run_benchmarks() {
  local programs=() missed=() program name
  configure build
  ninja -C build all
  mkdir -p build/bench
  for program in build/benchmarks/*-bench; do
    name=$(basename "$program" -bench)
    if [ $# -eq 0 ] || [ "$1" = "$name" ]; then programs+=("$program"); fi
  done
  [ ${#programs[@]} -gt 0 ] || die "There is no benchmark '${1:-}'." "See benchmarks/*.bench.cpp for their names."
  for program in "${programs[@]}"; do
    name=$(basename "$program" -bench)
    say "benchmark $name"
    rm -f "build/bench/$name.json"
    "$program" "build/bench/$name.json" "${@:2}" || missed+=("$name")
    # One that missed its target has its figures and a picture too.
    if [ -f "build/bench/$name.json" ]; then node scripts/draw.mjs "build/bench/$name.json" | gnuplot; fi
  done
  [ ${#missed[@]} -eq 0 ] || die "Not well: ${missed[*]}." "The lines above say which targets were missed, or what broke."
}
