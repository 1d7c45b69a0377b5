"""Texts for embedder.py, made up from lists of words: of one topic each, and with slips of the
keyboard."""

from typing import NamedTuple

import numpy as np

TOPICS = [line.split() for line in """
cat dog horse cow sheep goat bird fish mouse rabbit kitten puppy animal pet fur tail paw kennel barn lion tiger wolf
bread cheese butter apple banana soup rice noodle sugar salt pepper kitchen cook bake recipe lunch dinner breakfast fruit meal
server network computer software hardware program code compiler memory disk thread process database router restart deploy crash log bug
rain snow wind storm cloud sun thunder fog ice weather forecast cold hot warm degree summer winter spring autumn sky
car bus train bicycle truck road bridge station traffic engine wheel driver ticket travel airport plane ship harbour journey street
doctor nurse hospital medicine pill fever pain heart blood surgery patient health illness cure bandage clinic virus vaccine cough dentist
piano guitar violin song melody concert orchestra choir rhythm drum trumpet singer music album note sound stage opera jazz chorus
football tennis goal team match player coach score referee league stadium race runner swim medal ball win champion athlete sport
money bank loan invoice price market stock tax budget profit wage salary coin account credit interest buy sell trade investor
school teacher student lesson exam homework book library university pencil classroom lecture study learn chalk pupil grade essay science
house door window roof wall floor garden chair table lamp sofa carpet bedroom bathroom cupboard curtain shelf bed key stairs
tree forest river mountain lake valley flower grass leaf meadow stone beach island ocean wave desert hill field root branch
model weight tensor gradient layer training neuron dataset label classifier prediction inference accuracy batch epoch token embedding picture digit
law court judge lawyer crime police prison trial witness verdict theft guilty innocent jury contract evidence sentence arrest attorney rule
shirt trousers dress shoe coat hat glove scarf button sleeve wool cotton silk tailor sew jacket skirt sock boot belt
king queen castle sword army battle soldier war empire prince knight throne history ancient century ruin victory fortress crown treaty
""".strip().splitlines()]
FILLERS = """the a an in on of with and or to is was are my your this that very some every new old small big
please where what how we they it its from for at by near after before sleeps has sees likes needs makes""".split()
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Text(NamedTuple):
    text: str
    topic: int


class Pair(NamedTuple):
    first: str
    second: str
    topic: int


def slip(rng: np.random.Generator, word: str) -> str:
    """One letter doubled, dropped, changed, or swapped with the next."""
    if len(word) < 3:
        return word
    at, letter = int(rng.integers(len(word) - 1)), LETTERS[rng.integers(26)]
    match rng.integers(4):
        case 0:
            return word[:at] + word[at] + word[at:]
        case 1:
            return word[:at] + word[at + 1:]
        case 2:
            return word[:at] + letter + word[at + 1:]
        case _:
            return word[:at] + word[at + 1] + word[at] + word[at + 2:]


def misspell(rng: np.random.Generator, text: str) -> str:
    return " ".join(slip(rng, word) if rng.random() < 0.5 else word for word in text.split())


def made_up(rng: np.random.Generator) -> str:
    """A word of no topic: spelling has to count for words that nobody has seen, too."""
    return "".join(LETTERS[i] for i in rng.integers(26, size=rng.integers(5, 11)))


def write(rng: np.random.Generator, topic: int) -> str:
    words = list(rng.choice(TOPICS[topic], rng.integers(1, 5)))
    for filler in rng.choice(FILLERS, rng.integers(0, 4)):
        words.insert(int(rng.integers(len(words) + 1)), filler)
    return " ".join(words)


def texts(rng: np.random.Generator, n: int) -> list[Text]:
    subjects = rng.integers(len(TOPICS), size=n)
    return [Text(write(rng, int(topic)), int(topic)) for topic in subjects]


def misspelled(rng: np.random.Generator, n: int) -> list[tuple[str, str]]:
    words = [made_up(rng) for _ in range(n)]
    return [(word, slip(rng, word)) for word in words]


def pairs(rng: np.random.Generator, n: int) -> list[Pair]:
    """Thirds: of one topic, misspelled, a made-up word misspelled (a topic of its own)."""
    third = n // 3
    found = [Pair(t.text, write(rng, t.topic), t.topic) for t in texts(rng, third)]
    found += [Pair(t.text, misspell(rng, t.text), t.topic) for t in texts(rng, third)]
    found += [Pair(a, b, len(TOPICS) + i) for i, (a, b) in enumerate(misspelled(rng, n - 2 * third))]
    return found
