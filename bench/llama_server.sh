#!/usr/bin/env bash
# Builds llama-server for comparison and prints its path. Usage: bench/llama_server.sh FOLDER
#
# From the sources in the node-llama-cpp package that tools/deps takes the headers from, linked to the very libllama,
# libggml and CPU variants that Serval opens (.deps/prefix/lib/serval), and to the libllama-common that comes with
# them. What is built stays in FOLDER; a second call does nothing.
set -euo pipefail
# shellcheck source=tools/lib.sh
. "$(dirname "$0")/../tools/lib.sh"
folder=$(mkdir -p "$1" && cd "$1" && pwd)
libraries=$folder/lib server=$folder/lib/llama-server

case $(uname -m) in x86_64) machine=x64 ;; aarch64) machine=arm64 ;; *) die "no llama.cpp for this machine" ;; esac
pinned() { awk -v name="$1" '$1 == name { print $4 }' "$root/tools/pins.txt"; }
key=$(sha256sum "$root"/tools/pins.txt "$root"/bench/llama_server.sh "$root"/bench/llama_server/CMakeLists.txt | sha256sum)
if [ "$(cat "$folder/key" 2> /dev/null)" = "$key" ] && [ -x "$server" ]; then
    echo "$server"
    exit
fi
rm -rf "$folder"/{build,lib,sources,unpack,key}
mkdir -p "$libraries" "$folder/unpack"
binaries=$("$root/tools/fetch" "$(pinned "@node-llama-cpp/linux-$machine")")
sources=$("$root/tools/fetch" "$(pinned node-llama-cpp)")
for file in "$deps"/prefix/lib/serval/lib{llama,ggml}*.so; do ln -s "$file" "$libraries/"; done
tar -xzf "$binaries" -C "$libraries" --strip-components 3 "package/bins/linux-$machine/libllama-common.so"
tar -xzf "$sources" -C "$folder/unpack" package/llama/gitRelease.bundle
git clone -q -c advice.detachedHead=false "$folder/unpack/package/llama/gitRelease.bundle" "$folder/sources" >&2
rm -rf "$folder/unpack"
{
    cmake -S "$root/bench/llama_server" -B "$folder/build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DLLAMA_SOURCES="$folder/sources" -DLLAMA_LIBRARIES="$libraries"
    cmake --build "$folder/build" --target llama-server
} > "$folder/log" 2>&1 || { tail -n 20 "$folder/log" >&2; die "llama-server could not be built ($folder/log)"; }
echo "$key" > "$folder/key"
echo "$server"
