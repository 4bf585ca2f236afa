# shellcheck shell=bash
# Plays random histories of the whole system in virtual time: the real actors in a simulated world.

# simulate [--seed N] [--runs M]: a failure is shrunk and printed with its seed.
simulate() { build/tests/aerie-sim "$@"; }

# What a test run plays: also a death of the controller at every write, the mistakes planted on purpose, the model.
simulate_all() {
  simulate --runs 2000 --every-write 20 --planted
  tests/sim/check_model.sh
}
