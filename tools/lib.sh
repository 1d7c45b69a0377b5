# shellcheck shell=bash
# Shared by the shell scripts of this folder. Sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deps=$root/.deps
cache=${SV_CACHE:-${XDG_CACHE_HOME:-${HOME:-$deps}/.cache}/serval}
log=$deps/log
mkdir -p "$deps" "$cache/files"

say() { printf 'deps: %s\n' "$*" >&2; }
die() { printf 'deps: error: %s\n' "$*" >&2; exit 1; }

# Runs a command silently; its output is shown only when it fails.
quietly() {
    : > "$log"
    if ! "$@" >> "$log" 2>&1; then
        tail -n 20 "$log" >&2
        return 1
    fi
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Which of these packages are not installed.
apt_missing() {
    local have
    have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2> /dev/null || true)
    local name
    for name in "$@"; do
        grep -qx "installed $name" <<< "$have" || echo "$name"
    done
}

# Reads lines "package reason"; installs the missing ones after telling which and why.
apt_install() {
    local lines names missing command
    lines=$(sed '/^ *$/d')
    names=$(awk '{ print $1 }' <<< "$lines")
    command -v apt-get > /dev/null || die "apt-get is missing: this script knows Debian and Ubuntu."\
        "Install by other means: $(tr '\n' ' ' <<< "$names")"
    # shellcheck disable=SC2086 # one word per package
    missing=$(apt_missing $names)
    [ -n "$missing" ] || return 0
    say "will install with apt-get, with only what they require:"
    awk 'NR == FNR { wanted[$1]; next } $1 in wanted { print "      " $0 }' \
        - /dev/fd/3 <<< "$missing" 3<<< "$lines" >&2
    command="apt-get install --no-install-recommends $(tr '\n' ' ' <<< "$missing")"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo > /dev/null; then
        die "that needs root, and sudo is missing. As root run: $command"
    fi
    # A broken third-party source must not stop us: what counts is whether the install succeeds.
    quietly as_root apt-get update || say "apt-get update failed (above); going on with the lists there are"
    # shellcheck disable=SC2086
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q \
        --no-install-recommends -o DPkg::Lock::Timeout=600 $missing ||
        die "apt-get could not install them (above). Try: apt-get update && $command"
}

# Debian's own Python, so that a version manager in PATH does not decide what the tests run on.
python3_path() {
    if [ -x /usr/bin/python3 ]; then echo /usr/bin/python3; else command -v python3; fi
}

# A virtual environment with pip in it, made once; needs no network.
make_venv() {
    [ -x "$1/bin/pip" ] && "$1/bin/python" -c '' 2> /dev/null && return 0
    apt_install <<< $'python3 runs the tools and tests\npython3-venv virtual environments'
    quietly "$(python3_path)" -m venv --clear "$1" || die "cannot make a virtual environment in $1"
}
