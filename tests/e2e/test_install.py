"""libserval as others get it: installed below a prefix, found by pkg-config and by CMake, used from C and C++.

The release build is installed into a folder of its own; nothing here sees the clone's headers or .deps/.
"""
import os
import pathlib
import re
import shutil
import subprocess

import httpx
import pytest

import pages
from served import BIN, ROOT, serving, wait_until

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
    run(ROOT / "tools/check-exports", BIN / "lib")


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_header_compiles_alone(prefix, tmp_path, header, language):
    compiler, standard = LANGUAGES[language]
    source = tmp_path / f"alone.{language}"
    source.write_text(f"#include <serval/{header}>\n#include <serval/{header}>\nint main(void) {{ return 0; }}\n")
    run(tool(compiler), standard, *STRICT, "-fsyntax-only", "-I", prefix / "include", source)


def test_version_is_told_alike(prefix, flags):
    version = re.search(r'SV_VERSION "(.*)"', (prefix / "include/serval/version.h").read_text())[1]
    assert flags("--modversion", "serval") == flags("--modversion", "serval-static") == [version]
    assert run(prefix / "bin/serval", "version").startswith(f"serval {version}\n")
    assert (prefix / "lib/libserval.so").resolve().name == f"libserval.so.{version}"


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


def test_a_program_anywhere_finds_the_engine_of_its_library(prefix, flags, tmp_path):
    pages.write_files((ROOT / "docs/tutorial/03-first-api.md").read_text(), tmp_path)
    run(tool("cc"), "-std=c17", "digits.c", "-o", "digits", *flags("--cflags", "--libs", "serval"), cwd=tmp_path)
    library = {"LD_LIBRARY_PATH": str(prefix / "lib")}
    with serving(tmp_path / "digits", "--log-level", "off", cwd=tmp_path, env=library) as served:
        assert httpx.get(f"{served.url}/openapi.json").status_code == 200  # the model is loaded before


def test_built_with_cmake(prefix, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(CMAKE_PROJECT)
    shutil.copy(ROOT / "examples/greeting/main.c", tmp_path)
    run(tool("cmake"), "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run(tool("cmake"), "--build", tmp_path / "build")
    greets(tmp_path / "build/hello_serval")
    greets(tmp_path / "build/hello_serval_static")


@pytest.fixture
def shell(prefix):
    """A user's environment: what is installed is found."""
    return {"PATH": f"{prefix}/bin:{os.environ['PATH']}", "PKG_CONFIG_PATH": f"{prefix}/lib/pkgconfig",
            "CMAKE_PREFIX_PATH": str(prefix)}


@pytest.fixture
def project(shell, tmp_path):
    """What `serval new` writes."""
    run("serval", "new", "kind_words", cwd=tmp_path, env=shell)
    return tmp_path / "kind_words"


def answers(program):
    """The program of the template works."""
    with serving(program) as served:
        assert httpx.get(f"{served.url}/health").json()["status"] == "healthy"
        answer = httpx.post(f"{served.url}/api/v1/predict", json={"text": "Good! I love it."})
        assert answer.json()["predictions"] == [{"label": "positive", "confidence": 0.75}]
        assert httpx.post(f"{served.url}/api/v1/predict", json={"text": ""}).status_code == 422
        wait_until(lambda: any(" path=/api/v1/predict status_code=422 " in line for line in served.out))
        document = httpx.get(f"{served.url}/openapi.json").json()
        assert document["info"]["title"] == "kind_words"
        assert set(document["paths"]) == {"/health", "/api/v1/predict"}


def test_new_project_with_make(project, shell):
    strict = "CFLAGS=-O1 -g -Wpedantic -Werror"
    assert "all passed" in run(tool("make"), "-C", project, strict, "test", "all", env=shell)
    answers(project / "build/kind_words")


def test_new_project_with_cmake(project, shell):
    run(tool("cmake"), "-S", project, "-B", project / "build", env=shell)
    run(tool("cmake"), "--build", project / "build")
    run(tool("ctest"), "--test-dir", project / "build", "--output-on-failure")
    answers(project / "build/kind_words")


def test_examples_with_a_makefile_build_outside_the_tree(shell, tmp_path):
    for makefile in ROOT.glob("examples/*/Makefile"):
        name = makefile.parent.name
        shutil.copytree(makefile.parent, tmp_path / name, ignore=shutil.ignore_patterns("build"))
        env = {**shell, "MODELS": str(ROOT / "models")}
        assert "skipped" not in run(tool("make"), "-C", tmp_path / name, "test", "all", env=env)
        with serving(tmp_path / name / "build" / name, cwd=tmp_path / name) as served:
            assert httpx.get(f"{served.url}/health").status_code == 200


def test_ml_api_built_with_cmake(shell, tmp_path):
    source, build = tmp_path / "ml_api", tmp_path / "build"
    shutil.copytree(ROOT / "examples/ml_api", source, ignore=shutil.ignore_patterns("build"))
    run(tool("cmake"), "-S", source, "-B", build, f"-DMODELS={ROOT / 'models'}", env=shell)
    run(tool("cmake"), "--build", build)
    run(tool("ctest"), "--test-dir", build, "--output-on-failure")
    with serving(build / "ml_api") as served:
        assert httpx.get(f"{served.url}/health/ready").json() == {"status": "ready"}


def test_readme_commands_work_as_pasted(shell, tmp_path):
    section = (ROOT / "README.md").read_text().split("## Use as a library")[1]
    tool("cc"), tool("make"), tool("pkg-config")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for line in re.search(r"```sh\n(.*?)```", section, re.S)[1].splitlines():
        run("sh", "-c", line, cwd=tmp_path, env=shell)
    assert (tmp_path / "greeting").exists()


def test_uninstall_removes_what_was_installed(prefix, tmp_path):
    manifest = (prefix.parent / "manifest.txt").read_text().replace(str(prefix.parent / "first"), "/usr/local")
    (tmp_path / "manifest.txt").write_text(manifest)
    copy = tmp_path / "root/usr/local"
    shutil.copytree(prefix, copy, symlinks=True)
    (copy / "lib/other.so").touch()
    run(ROOT / "tools/uninstall", tmp_path / "manifest.txt", tmp_path / "root")
    assert [path.relative_to(copy) for path in copy.rglob("*") if not path.is_dir()] == [pathlib.Path("lib/other.so")]
    assert not (copy / "include/serval").exists()
