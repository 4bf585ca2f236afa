# shellcheck shell=bash
# Small things that every other script uses.

say() {
  if [ -t 2 ]; then printf '\033[1m%s\033[0m\n' "$*" >&2; else printf '%s\n' "$*" >&2; fi
}

# die WHAT REMEDY: one line what, one line what to do about it.
die() {
  printf '%s\n%s\n' "$1" "$2" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo --preserve-env=DEBIAN_FRONTEND "$@"
  else
    die "Installing packages needs root, and there is no sudo." "Run ./run as root, or install sudo."
  fi
}
