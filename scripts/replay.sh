# shellcheck shell=bash
# Plants every known fault and prints what was found, how fast.

# replay [WORD]...: all of them, or those whose name or kind holds a word.
replay() {
  mkdir -p build/replay
  build/tests/aerie-replay --json build/replay/replay.json "$@"
}
