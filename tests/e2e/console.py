"""Console sessions in documentation: commands after `$ `, then what they print. They are run, and compared.

`…` in what is printed stands for anything; ends of lines and the spaces around them do not count, so that long lines
can be broken. A command goes on after a `\\`, a `|` or an open quote. `localhost:8000` is the program under test.
"""
import os
import re
import subprocess

from served import BIN, environment


def commands_of(session: str) -> list:
    """[(command, what it prints)]"""
    found = []
    for line in session.splitlines():
        if line.startswith("$ "):
            found.append([line[2:], ""])
        elif found and is_unfinished(found[-1][0]) and not found[-1][1]:
            found[-1][0] += "\n" + line
        elif found:
            found[-1][1] += line + "\n"
    return [tuple(pair) for pair in found]


def is_unfinished(command: str) -> bool:
    return command.endswith(("\\", "|")) or command.count("'") % 2 == 1


def joined(text: str) -> str:
    return "".join(line.strip() for line in text.splitlines())


def says(printed: str, wanted: str) -> bool:
    pattern = ".*?".join(map(re.escape, joined(wanted).split("…")))
    return re.fullmatch(pattern, joined(printed), re.S) is not None


def check(command: str, wanted: str, url: str, cwd) -> None:
    """Runs one command; it must succeed and print what is wanted."""
    here = command.replace("localhost:8000", url.removeprefix("http://"))
    path = environment({"PATH": f"{BIN}:{os.environ['PATH']}"})
    run = subprocess.run(["bash", "-c", "set -o pipefail\n" + here], cwd=cwd, env=path, capture_output=True,
                         text=True, timeout=60, check=False)
    assert says(run.stdout, wanted), f"$ {command}\nwanted: {wanted}\ngot:    {run.stdout}{run.stderr}"
    assert run.returncode == 0, f"$ {command}\n{run.stderr}"
