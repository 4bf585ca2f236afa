# shellcheck shell=bash
# Starts the controller in the foreground and says where to look at it.

state_directory() {
  if [ -n "${AERIE_STATE:-}" ]; then
    echo "$AERIE_STATE"
  elif [ "$(id -u)" -eq 0 ]; then
    echo /var/lib/aerie
  else
    echo "${XDG_STATE_HOME:-$HOME/.local/state}/aerie"
  fi
}

# Passes the controller's output on. Its first line, written once it serves, ends with its address.
announce() {
  local state=$1 line
  trap '' INT TERM
  IFS= read -r line || return 0
  printf '%s\n' "$line"
  say "Open ${line##* }/#token=$(<"$state/operator.token")"
  cat
}

serve() {
  local state
  state=$(state_directory)
  exec build/aerie serve --state "$state" "$@" > >(announce "$state")
}
