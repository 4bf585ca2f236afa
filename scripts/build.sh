# shellcheck shell=bash
# CMake with Ninja and, where it is, ccache. The cache is no condition: without it all is compiled.

export CCACHE_DIR=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/aerie/ccache
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime

# configure FOLDER [CMAKE ARGUMENT]...
configure() {
  local folder=$1
  shift
  mkdir -p "$folder"
  cmake -S "$root" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo "$@" >"$folder/configure.log" 2>&1 || {
    cat "$folder/configure.log" >&2
    die "CMake could not configure $folder." "The lines above say what it missed."
  }
}

build_programs() {
  configure build
  ninja -C build aerie-programs
}
