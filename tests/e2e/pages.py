"""Pages of documentation that are run: their files are written, their programs compiled, their sessions checked.

A block whose info string names a language and a file (```c api.c) is a part of that file; parts of one page that name
the same file follow each other. Blocks of `console` are sessions (console.py) in the folder of these files:

    $ cc … api.c …         compiles, with the warnings of a careful project
    $ ./api --option       without output: serves from here on, until the next one
    $ serval serve models  the same for Serval's own program
    $ anything else        must print what follows
"""
import contextlib
import glob
import re
import shlex
import subprocess

import console
from served import BIN, ROOT, environment, serving

STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-missing-field-initializers"]
LIBRARY = ["-I", ROOT / "include", "-L", BIN / "lib", "-lserval", f"-Wl,-rpath,{BIN / 'lib'}"]


def blocks_of(text: str) -> list:
    """[(info string, code)]"""
    return re.findall(r"^```([^\n`]+)\n(.*?)^```$", text, re.S | re.M)


def write_files(text: str, folder) -> None:
    for info, code in blocks_of(text):
        _, _, name = info.partition(" ")
        if name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with open(folder / name, "a", encoding="utf-8") as file:
                file.write(code)
    for shared in ("examples", "models"):
        (folder / shared).symlink_to(ROOT / shared)


def compile_program(command: str, folder) -> None:
    words = [name for word in shlex.split(command.split("$(")[0])
             for name in (sorted(glob.glob(word, root_dir=folder)) if "*" in word else [word])]
    run = subprocess.run([words[0], *STRICT, *words[1:], *LIBRARY], cwd=folder, capture_output=True, text=True,
                         check=False)
    assert not run.returncode and not run.stderr, f"$ {command}\n{run.stderr}"


def begin(command: str, folder):
    """A program that serves: its variables, its name and its arguments."""
    words = shlex.split(command)
    start = next(i for i, word in enumerate(words) if "=" not in word)
    program = BIN / "serval" if words[start] == "serval" else folder / words[start]
    return serving(program, *words[start + 1:], "--log-level", "warning", cwd=folder,
                   env=dict(word.split("=", 1) for word in words[:start]))


def requests_of(text: str) -> list:
    """The commands that ask a server."""
    return [(command, wanted) for info, session in blocks_of(text) if info == "console"
            for command, wanted in console.commands_of(session) if "curl" in command]


def is_server(command: str, wanted: str) -> bool:
    return not wanted.strip() and re.match(r"(\w+=\S* )*(\./|serval serve)", command) is not None


def run_page(page, folder) -> int:
    """Runs the page; how many commands were checked."""
    text = page.read_text()
    write_files(text, folder)
    checked = 0
    with contextlib.ExitStack() as ends:
        server = None
        for info, session in blocks_of(text):
            for command, wanted in console.commands_of(session) if info == "console" else ():
                checked += 1
                if command.startswith("cc "):
                    compile_program(command, folder)
                elif is_server(command, wanted):
                    ends.pop_all().close()
                    server = ends.enter_context(begin(command, folder))
                else:
                    console.check(command, wanted, server.url if server else "", folder)
    return checked
