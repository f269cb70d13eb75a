# Shared by the scripts here: packages, configuration, build. Sourced, never run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

die() {
  printf '%s: error: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

say() { printf -- '-- %s\n' "$*"; }

# One name a line; what follows '#' is a comment.
wanted_packages() { sed -e 's/#.*//' -e 's/[[:space:]]//g' -e '/^$/d' cmake/debian-packages.txt | LC_ALL=C sort -u; }

# dpkg-query exits with 1 for a name that it has never heard of; that name is simply not among the installed ones.
missing_packages() {
  LC_ALL=C comm -23 <(wanted_packages) \
    <(wanted_packages | xargs dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' 2>/dev/null |
      sed -n 's/ installed$//p' | LC_ALL=C sort -u)
}

# Installs what cmake/debian-packages.txt names and this machine lacks; says nothing and calls nothing when all is there.
install_packages() {
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    die "this is not a Debian system. Install the equivalents of cmake/debian-packages.txt and build with cmake --preset release"
  local missing=() as_root=()
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null ||
      die "missing packages, and neither root nor sudo to install them. As root: apt-get install --no-install-recommends ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0)
  "${as_root[@]}" "${apt[@]}" update -qq || die "apt-get update failed"
  "${as_root[@]}" "${apt[@]}" install -y -qq --no-install-recommends "${missing[@]}" </dev/null ||
    die "apt-get could not install: ${missing[*]} (LLVM 22 comes from Debian 12 with its security updates; see /etc/apt)"
  hash -r
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} -eq 0 ] || die "apt-get reported success, but these packages are still missing: ${missing[*]}"
  fresh_packages=1
}

# configure PRESET: once, and again after a change of the presets or of the packages (Ninja itself sees to everything else).
configure() {
  local dir=build/$1
  if [ -f "$dir/build.ninja" ] && [ "$dir/build.ninja" -nt CMakePresets.json ] && [ -z "${fresh_packages:-}" ]; then
    return 0
  fi
  say "configuring $dir"
  cmake --preset "$1" || die "the configuration of $dir failed"
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  say "building build/$preset"
  cmake --build --preset "$preset" ${1:+--target "$@"} || die "the build of build/$preset failed"
}

# The C and C++ files of the repository, each ended by a NUL: tracked ones and new ones, without ignored and deleted ones.
cxx_files() {
  local file
  git ls-files -z --cached --others --exclude-standard -- '*.cpp' '*.h' '*.c' '*.hpp' |
    while IFS= read -r -d '' file; do
      [ ! -f "$file" ] || printf '%s\0' "$file"
    done
}
