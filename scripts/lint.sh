# shellcheck shell=bash
# Format and static checks. Each prints what it found; the function's status is their sum.

tracked() { git ls-files -co --exclude-standard -- "$@"; }

lint_format() { tracked '*.cpp' '*.hpp' | xargs -r clang-format --dry-run -Werror; }

lint_cpp() {
  configure build/lint -DAERIE_PRECOMPILE=OFF &&
    node scripts/tidy.mjs build/lint "$(dirname "$CCACHE_DIR")/tidy"
}

lint_shell() { shellcheck -xa run .ci/run; }

lint_pages() {
  local file status=0
  while IFS= read -r file; do
    node --check "$file" || status=1
  done < <(tracked '*.js' '*.mjs')
  return $status
}

lint() {
  local check status=0
  for check in lint_format lint_shell lint_pages lint_cpp; do
    "$check" || { printf '%s failed\n' "$check" >&2; status=1; }
  done
  return $status
}
