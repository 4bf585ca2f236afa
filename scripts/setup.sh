# shellcheck shell=bash
# Installs what is missing and nothing else; a second run only asks dpkg.

# packages SECTION...: the names in these sections of config/packages.txt.
packages() {
  awk -v wanted=" $* " '
    /^\[/ { inside = index(wanted, " " substr($0, 2, length($0) - 2) " ") > 0; next }
    inside && NF && !/^#/ { print $1 }' config/packages.txt
}

# missing_packages NAME...: those that dpkg does not list as installed.
missing_packages() {
  local installed
  # dpkg-query fails where it knows one of the names not at all.
  installed=$( (dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null || true) |
    awk '$1 == "ii" { print $2 }')
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

has_node() {
  command -v npm >/dev/null && command -v node >/dev/null &&
    node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)'
}

install_packages() {
  local wanted missing
  mapfile -t wanted < <(packages "$@")
  has_node || wanted+=(nodejs npm)
  mapfile -t missing < <(missing_packages "${wanted[@]}")
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install what is missing." "Run 'apt-get install ${missing[*]}' and read why."
}

# The pages' modules; installed again only when the lock file changed.
install_node_modules() {
  local stamp=node_modules/.installed
  if ! sha256sum --status -c "$stamp" 2>/dev/null; then
    say "installing the pages' modules"
    npm ci --no-audit --no-fund --loglevel=error
    sha256sum package-lock.json >"$stamp"
  fi
}

# setup SECTION...: build, run and test, as in config/packages.txt.
setup() {
  install_packages "$@"
  install_node_modules
}
