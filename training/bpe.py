"""Byte-level byte-pair encoding, as GPT-2 has it: learns a vocabulary, and turns ASCII text into tokens.

Every byte is a token, so any text can be told; pairs that are frequent in the texts it learns from are
merged into further tokens. Words are split as llama.cpp's pre-tokenizer `gpt-2` does, but for letters and
digits outside ASCII, which the texts here do not have.
"""

import collections
import re

WORD = re.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")


def letters() -> list[str]:
    """The printable character that stands for each byte in a GPT-2 vocabulary."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = {byte: 0x100 + i for i, byte in enumerate(b for b in range(256) if b not in plain)}
    return [chr(others.get(byte, byte)) for byte in range(256)]


LETTERS = letters()


def merged(word: tuple[str, ...], pair: tuple[str, str]) -> tuple[str, ...]:
    found, at = [], 0
    while at < len(word):
        if word[at:at + 2] == pair:
            found.append(word[at] + word[at + 1])
            at += 2
        else:
            found.append(word[at])
            at += 1
    return tuple(found)


class Vocabulary:
    """Tokens in order of their ids: 256 bytes, what was merged, `specials`."""

    def __init__(self, texts: list[str], size: int, specials: list[str]):
        counts = collections.Counter(word for text in texts for word in WORD.findall(text))
        words = {tuple(LETTERS[b] for b in word.encode()): n for word, n in counts.items()}
        self.merges: list[tuple[str, str]] = []
        while 256 + len(self.merges) + len(specials) < size:
            pairs = collections.Counter()
            for word, n in words.items():
                for pair in zip(word, word[1:]):
                    pairs[pair] += n
            best = max(pairs, key=lambda pair: (pairs[pair], pair))
            self.merges.append(best)
            words = {merged(word, best): n for word, n in words.items()}
        self.specials = specials
        self.tokens = LETTERS + [a + b for a, b in self.merges] + specials
        self.ids = {token: i for i, token in enumerate(self.tokens)}
        self.special = re.compile("(" + "|".join(map(re.escape, specials)) + ")")
        self.known: dict[str, list[int]] = {}

    def word_ids(self, word: str) -> list[int]:
        if word not in self.known:
            parts = tuple(LETTERS[b] for b in word.encode())
            for pair in self.merges:
                if len(parts) == 1:
                    break
                parts = merged(parts, pair)
            self.known[word] = [self.ids[part] for part in parts]
        return self.known[word]

    def encode(self, text: str) -> list[int]:
        """`specials` in the text become their one token."""
        found = []
        for part in self.special.split(text):
            if part in self.specials:
                found.append(self.ids[part])
            else:
                found += [i for word in WORD.findall(part) for i in self.word_ids(word)]
        return found
