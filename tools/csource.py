"""Reads C just well enough for the checks of this folder: functions, their size and nesting.

Not a parser of C: it relies on the house style (no #ifdef inside functions, no K&R definitions).
"""

import collections
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent

# line and end: first line of the definition and line of its closing brace.
Function = collections.namedtuple("Function", "name line end params is_static depth")

TOKEN = re.compile(r"[A-Za-z_]\w*|\S")
BLANKED = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
# A table macro that is used between definitions, without a semicolon.
TABLE = re.compile(r"^(?:\s*[A-Z][A-Z0-9_]*\s*\([^()]*\))+")
SIGNATURE = re.compile(r"(\w+)\s*\((.*)\)\s*(?:\w+\s*(?:\(.*\))?\s*)*$", re.DOTALL)


def files(*folders, endings=(".c", ".h")):
    """Files of the repository below these folders: tracked, or new and not ignored."""
    names = subprocess.check_output(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *folders], cwd=ROOT, text=True)
    found = {name for name in names.splitlines() if name.endswith(tuple(endings))}
    return sorted(name for name in found if (ROOT / name).is_file())


def read(name):
    """The text of a file, given relative to the root."""
    return (ROOT / name).read_text(encoding="utf-8")


def exceptions(name):
    """Reads a list of exceptions: lines `what reason`. A reason is required."""
    rows = {}
    for line in read(name).splitlines():
        if line.strip() and not line.startswith("#"):
            what, _, reason = line.partition(" ")
            if not reason.strip():
                raise SystemExit(f"{name}: {what} needs a reason")
            rows[what] = reason.strip()
    return rows


def plain(text):
    """The text without comments, literals and preprocessor lines; lines stay where they are."""
    def blank(match):
        kept = '""' if match[0][0] == '"' else "0" if match[0][0] == "'" else " "
        return kept + "\n" * match[0].count("\n")
    text = BLANKED.sub(blank, text)
    text = re.sub(r"__attribute__\s*\(\([^;{]*?\)\)", "", text)
    return DIRECTIVE.sub(lambda match: "\n" * match[0].count("\n"), text)


def matching(text, start):
    """Where the bracket that opens at `start` closes."""
    depth = 0
    for at in range(start, len(text)):
        if text[at] in "({[":
            depth += 1
        elif text[at] in ")}]":
            depth -= 1
            if depth == 0:
                return at
    return len(text) - 1


def top_level(text):
    """Yields (head, start of head, start of body or None, end) of each thing outside functions."""
    start = at = 0
    while at < len(text):
        if text[at] == ";":
            yield text[start:at], start, None, at
            start = at + 1
        elif text[at] in "([":
            at = matching(text, at)
        elif text[at] == "{":
            head = TABLE.sub(lambda match: re.sub(r"\S", " ", match[0]), text[start:at])
            if re.search(r'extern\s+""\s*$', head):
                start = at + 1
            else:
                end = matching(text, at)
                if is_function(head):
                    yield head, start, at, end
                    start = end + 1
                at = end
        elif text[at] == "}": # of extern "C"
            start = at + 1
        at += 1


def is_function(head):
    """Is what stands before a brace the head of a function?"""
    return "=" not in head and not re.match(r"\s*typedef\b", head) and bool(SIGNATURE.search(head))


def count_params(text):
    """How many parameters a list has; an ellipsis is none."""
    depth, parts = 0, [""]
    for char in text:
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return sum(part.strip() not in ("", "void", "...") for part in parts)


def functions(text):
    """The functions that a plain text defines."""
    for head, start, body, end in top_level(text):
        if body is None:
            continue
        match = SIGNATURE.search(head)
        first = start + len(head) - len(head.lstrip())
        yield Function(match[1], text.count("\n", 0, first) + 1, text.count("\n", 0, end) + 1,
                       count_params(match[2]), bool(re.search(r"\bstatic\b", head)),
                       Nesting(text[body:end + 1]).deepest)


class Nesting:
    """How deeply ifs, loops and switches stand in each other. `else if` is beside its `if`."""

    def __init__(self, body):
        self.tokens = TOKEN.findall(body)
        self.at = 0
        self.deepest = 0
        self.statement(0)

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def skip_brackets(self):
        depth = 0
        while self.peek() is not None:
            depth += (self.peek() in "({[") - (self.peek() in ")}]")
            self.at += 1
            if depth == 0:
                return

    def control(self, depth):
        """The body of an if, loop or switch, its condition read before."""
        self.deepest = max(self.deepest, depth)
        self.statement(depth)

    def statement(self, depth):
        token = self.peek()
        if token == "{":
            self.at += 1
            while self.peek() not in ("}", None):
                self.statement(depth)
            self.at += 1
        elif token in ("if", "for", "while", "switch"):
            self.at += 1
            self.skip_brackets()
            self.control(depth + 1)
            if token == "if" and self.peek() == "else":
                self.at += 1
                if self.peek() == "if":
                    self.statement(depth)
                else:
                    self.control(depth + 1)
        elif token == "do":
            self.at += 1
            self.control(depth + 1)
            self.simple(depth) # its while
        else:
            self.simple(depth)

    def simple(self, depth):
        """Up to the semicolon or the colon of a label; a macro that loops has a block."""
        first = self.at
        while self.peek() not in (";", "}", None):
            if self.peek() in "({[":
                self.skip_brackets()
                if self.peek() == "{" and self.is_macro_loop(first):
                    return self.control(depth + 1)
            elif self.peek() == ":" and self.is_label(first):
                break
            else:
                self.at += 1
        if self.peek() != "}":
            self.at += 1

    def is_macro_loop(self, first):
        """NAME(...) { at the start of a statement; a compound literal has something before."""
        name = self.tokens[first]
        return name.isidentifier() and self.tokens[first + 1] == "(" and \
            self.tokens[first:self.at].count("=") == 0 and name not in ("return", "sizeof")

    def is_label(self, first):
        return self.tokens[first] in ("case", "default") or self.at == first + 1
