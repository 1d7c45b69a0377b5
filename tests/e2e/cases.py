"""Reads tests/cases/http/*.md; the format is told in tests/cases/README.md."""

import dataclasses
import re

from served import ROOT

ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|\[(\d+)\|((?:[^\]\\]|\\.)*)\]|(.))")
SIMPLE = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}
BLOCK = re.compile(r"```http\n(.*?)```", re.DOTALL)


@dataclasses.dataclass
class Case:
    """One connection: what is sent, what comes back."""

    name: str
    data: bytes
    statuses: list
    closed: bool
    bodies: list
    header: str | None
    ends: bool


def unescape(text):
    """The bytes that a text with escapes stands for."""
    out, at = b"", 0
    for match in ESCAPE.finditer(text):
        out += text[at:match.start()].encode()
        at = match.end()
        byte, count, repeated, simple = match.groups()
        if byte:
            out += bytes.fromhex(byte)
        elif count:
            out += unescape(repeated) * int(count)
        else:
            out += SIMPLE[simple]
    return out + text[at:].encode()


def read_case(file, section):
    """Reads what stands below one '## name'."""
    name = section.partition("\n")[0].strip()
    block = BLOCK.search(section)
    lines = [line.partition(":") for line in section[block.end():].splitlines()]

    def values(key):
        return [value.strip() for word, _, value in lines if word == key]

    *statuses, end = values("expect")[0].split()
    return Case(f"{file.stem}: {name}", unescape(block[1].replace("\n", "")),
                [] if statuses == ["none"] else [[int(code) for code in choice.split("|")] for choice in statuses],
                end == "closed", [unescape(text) for text in values("body")],
                next(iter(values("header")), None), bool(values("eof")))


def read_all():
    """Every case of every file."""
    files = sorted((ROOT / "tests/cases/http").glob("*.md"))
    return [read_case(file, section) for file in files
            for section in file.read_text(encoding="utf-8").split("\n## ")[1:]]
