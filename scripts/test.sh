# shellcheck shell=bash
# The lanes of ./run test. Each runs in a subshell; its output goes to build/test/LANE.log and the screen.

readonly lanes=(unit sim web lint example package replay e2e machines)  # by name: asan, tsan, image
readonly most_minutes=75

lane_unit() {
  configure build
  ninja -k 0 -C build
  build/tests/aerie-unit-tests
}

lane_sim() {
  configure build
  ninja -C build aerie-sim
  simulate_all
}

lane_web() { node --test runtime/web/test/*.test.js; }

# What is quick of `./run lint`; clang-tidy takes as long as all other lanes together.
lane_lint() {
  lint_format
  lint_shell
  lint_pages
}

# sanitized FOLDER SANITIZERS: the unit tests alone, built with these sanitizers.
sanitized() {
  configure "$1" -DAERIE_UNIT_TESTS_ONLY=ON -DAERIE_SANITIZE="$2"
  ninja -C "$1" aerie-unit-tests
  "$1/tests/aerie-unit-tests"
}

lane_asan() {
  export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
  export LSAN_OPTIONS=suppressions=$root/tests/suppressions/leak.txt:print_suppressions=0
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1:suppressions=$root/tests/suppressions/undefined.txt
  sanitized build/asan address,undefined
}

lane_tsan() {
  export TSAN_OPTIONS=second_deadlock_stack=1:suppressions=$root/tests/suppressions/thread.txt
  sanitized build/tsan thread
}

# As another project would: install, find the package, build against it, run it.
lane_example() {
  local prefix
  prefix=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder of now is meant
  trap "rm -rf '$prefix'" EXIT
  cmake --install build --prefix "$prefix" >/dev/null
  cmake -S examples/embedded -B "$prefix/build" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
  ninja -C "$prefix/build"
  "$prefix/build/embedded-example"
}

# The package for Debian: made, opened, and what is in it run.
lane_package() {
  local folder
  folder=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder of now is meant
  trap "rm -rf '$folder'" EXIT
  cpack --config build/CPackConfig.cmake -B "$folder" >/dev/null
  local package=("$folder"/aerie_*.deb)
  dpkg-deb --extract "${package[0]}" "$folder/root"
  "$folder/root/usr/bin/aerie" --version
  "$folder/root/usr/bin/aerie" config --effective --state "$folder/state" >/dev/null
  dpkg-deb --field "${package[0]}" Depends | grep -w bubblewrap
  # systemd-analyze wants the program where the package will put it.
  sed "s|^ExecStart=aerie|ExecStart=$folder/root/usr/bin/aerie|" \
    "$folder/root/usr/lib/systemd/system/aerie.service" >"$folder/aerie.service"
  systemd-analyze verify --man=no --recursive-errors=no "$folder/aerie.service"
}

# The image of the machines that the lanes after it boot; kept between runs while its parts stay the same.
lane_image() { image terminal; }

# How fast is for `./run replay` to say, where nothing else runs.
lane_replay() { replay --any-time; }

lane_e2e() { build/tests/aerie-e2e-tests "~[vm]" --durations yes; }

# What needs an image, and its time: machines are emulated where there is no KVM.
lane_machines() {
  image terminal
  build/tests/aerie-e2e-tests "[vm]" --durations yes
  replay --any-time machine
}

# counts LOG: "passed failed" as Catch2 or Node's runner closed, nothing if neither did.
counts() {
  sed -nE -e 's/^All tests passed \(.* in ([0-9]+) test cases?\)$/\1 0/p' \
    -e 's/^test cases: *[0-9]+ \|( *([0-9]+) passed \|?)?( *([0-9]+) failed)?.*$/0\2 0\4/p' "$1" | tail -n 1
  awk '/^(#|ℹ) pass [0-9]+$/ { pass = $3; seen = 1 } /^(#|ℹ) fail [0-9]+$/ { fail = $3 }
    END { if (seen) print pass, fail }' "$1"
  awk '/^[0-9]+ faults, [0-9]+ wrong$/ { print $1 - $3, $3 }' "$1"
}

# run_lane NAME: adds to the caller's totals, and to the summary one line.
run_lane() {
  local name=$1 began=$SECONDS status=0 log=build/test/$1.log lane_passed lane_failed minutes
  say "lane $name"
  # Not in a condition: there the shell would overlook failures within the lane.
  set +e
  (
    set -e
    "lane_$name"
  ) 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  set -e
  read -r lane_passed lane_failed < <(counts "$log" | grep . || echo "$((status == 0)) 0")
  # A lane that broke outside a test case counts as one failure.
  if [ "$status" -ne 0 ] && [ $((10#$lane_failed)) -eq 0 ]; then lane_failed=1; fi
  passed=$((passed + 10#$lane_passed)) failed=$((failed + 10#$lane_failed))
  minutes=$(awk -v s=$((SECONDS - began)) 'BEGIN { printf "%.1f", s / 60 }')
  summary+=$(printf '%-8s %5s min  %4d passed  %d failed' "$name" "$minutes" "$((10#$lane_passed))" "$((10#$lane_failed))")$'\n'
}

# run_lanes [LANE]...: all of them, or those named, in order; later ones run although one failed.
run_lanes() {
  local passed=0 failed=0 summary='' lane
  local chosen=("${lanes[@]}")
  [ $# -gt 0 ] && chosen=("$@")
  for lane in "${chosen[@]}"; do
    declare -F "lane_$lane" >/dev/null || die "There is no lane '$lane'." "Lanes are ${lanes[*]}."
  done
  mkdir -p build/test
  SECONDS=0
  for lane in "${chosen[@]}"; do run_lane "$lane"; done
  printf '\n%s' "$summary"
  if [ $SECONDS -gt $((most_minutes * 60)) ]; then
    printf 'The lanes took %d minutes, more than %d.\n' $((SECONDS / 60)) "$most_minutes"
    failed=$((failed + 1))
  fi
  printf '%d passed, %d failed\n' "$passed" "$failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
}
