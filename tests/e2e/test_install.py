"""libserval as others get it: installed below a prefix, found by pkg-config and by CMake, used from C and C++.

The release build is installed into a folder of its own; nothing here sees the clone's headers or .deps/.
"""
import os
import pathlib
import shutil
import subprocess

import httpx
import pytest

from served import BIN, ROOT, serving

BUILD = BIN.parent if (BIN.parent / "cmake_install.cmake").exists() else BIN / "release"
HEADERS = sorted(path.name for path in (ROOT / "include/serval").glob("*.h"))
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
LANGUAGES = {"c": ["cc", "-std=c17"], "cpp": ["c++", "-std=c++17"]}

CPP_PROGRAM = """
#include <serval/serval.h>
#include <cstring>

int main()
{
    int (*serve)(int, char **, const sv_app *) = sv_main;
    return serve && std::strcmp(sv_version(), SV_VERSION) == 0 ? 0 : 1;
}
"""

CMAKE_PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(hello LANGUAGES C)
find_package(Serval 0.1 REQUIRED)
foreach(kind serval serval_static)
    add_executable(hello_${kind} main.c)
    target_link_libraries(hello_${kind} PRIVATE Serval::${kind})
endforeach()
"""


def tool(name):
    """The path of a program that tests need."""
    return shutil.which(name) or pytest.skip(f"no {name} on this machine")


def run(*command, cwd=None, env=None):
    """What a command prints; the test fails with what it says if it fails."""
    done = subprocess.run(list(map(str, command)), cwd=cwd, env={**os.environ, **(env or {})}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, f"{command}:\n{done.stdout}"
    return done.stdout


def needed(program):
    """The shared libraries that a program asks for by itself."""
    lines = run(tool("readelf"), "-d", program).splitlines()
    return [line.split("[")[1].rstrip("]") for line in lines if "(NEEDED)" in line]


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """Where Serval is installed."""
    folder = tmp_path_factory.mktemp("installed")
    assert (BUILD / "cmake_install.cmake").exists(), f"{BUILD} holds no build: make build"
    run(tool("cmake"), "--install", BUILD, "--prefix", folder / "first")
    shutil.copy(BUILD / "install_manifest.txt", folder / "manifest.txt")
    (folder / "first").rename(folder / "moved")  # everything is found relative to itself
    return folder / "moved"


@pytest.fixture
def flags(prefix):
    """Asks the installed pkg-config files."""
    def ask(*words):
        return run(tool("pkg-config"), *words, env={"PKG_CONFIG_PATH": str(prefix / "lib/pkgconfig")}).split()
    return ask


def greets(program, prefix=None):
    """The program is examples/greeting, and works."""
    env = {"LD_LIBRARY_PATH": str(prefix / "lib")} if prefix else None
    with serving(program, "--log-level", "off", env=env) as served:
        assert httpx.post(f"{served.url}/greet", json={"name": "Ada"}).json() == {"text": "Hello Ada, 1 times"}
        assert httpx.get(f"{served.url}/docs").status_code == 200


def test_exports_are_those_of_the_list():
    run(ROOT / "tools/check-exports", BIN / "lib/libserval.so")


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_header_compiles_alone(prefix, tmp_path, header, language):
    compiler, standard = LANGUAGES[language]
    source = tmp_path / f"alone.{language}"
    source.write_text(f"#include <serval/{header}>\n#include <serval/{header}>\nint main(void) {{ return 0; }}\n")
    run(tool(compiler), standard, *STRICT, "-fsyntax-only", "-I", prefix / "include", source)


def test_cpp_program_links(prefix, flags, tmp_path):
    (tmp_path / "main.cpp").write_text(CPP_PROGRAM)
    run(tool("c++"), "-std=c++17", *STRICT, "main.cpp", "-o", "program", *flags("--cflags", "--libs", "serval"),
        cwd=tmp_path)
    run(tmp_path / "program", env={"LD_LIBRARY_PATH": str(prefix / "lib")})


def test_installed_server_runs(prefix):
    with serving(prefix / "bin/serval", "serve", ROOT / "models", "--log-level", "off") as served:
        picture = (ROOT / "examples/pictures/digit-7.png").read_bytes()
        answer = httpx.post(f"{served.url}/api/v1/predict", content=picture, headers={"Content-Type": "image/png"})
        assert answer.json()["predictions"][0]["label"] == "7"


@pytest.mark.parametrize("words, is_shared", [
    (["serval"], True), (["--static", "serval"], True), (["serval-static"], False)])
def test_built_with_pkg_config(prefix, flags, tmp_path, words, is_shared):
    program = tmp_path / "hello"
    run(tool("cc"), "-std=c17", *STRICT, "-Wno-missing-field-initializers", ROOT / "examples/greeting/main.c",
        "-o", program, *flags("--cflags", "--libs", *words))
    assert ("libserval.so.0" in needed(program)) == is_shared
    greets(program, prefix if is_shared else None)


def test_built_with_cmake(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(CMAKE_PROJECT)
    shutil.copy(ROOT / "examples/greeting/main.c", tmp_path)
    run(tool("cmake"), "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run(tool("cmake"), "--build", tmp_path / "build")
    greets(tmp_path / "build/hello_serval")
    greets(tmp_path / "build/hello_serval_static")


def test_uninstall_removes_what_was_installed(prefix, tmp_path):
    manifest = (prefix.parent / "manifest.txt").read_text().replace(str(prefix.parent / "first"), "/usr/local")
    (tmp_path / "manifest.txt").write_text(manifest)
    copy = tmp_path / "root/usr/local"
    shutil.copytree(prefix, copy, symlinks=True)
    (copy / "lib/other.so").touch()
    run(ROOT / "tools/uninstall", tmp_path / "manifest.txt", tmp_path / "root")
    assert [path.relative_to(copy) for path in copy.rglob("*") if not path.is_dir()] == [pathlib.Path("lib/other.so")]
    assert not (copy / "include/serval").exists()
