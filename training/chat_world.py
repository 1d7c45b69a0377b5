"""The little world that models/chat knows, and dialogues about it, made up from tables.

Acacia is a savanna town: animals with a home, a food, a colour, a number and an hour at which they wake;
shops with their goods and hours; days, sums of small numbers, stories. A question has one right answer, so what
a model says can be checked. What lies outside gets UNKNOWN.
"""

import json
from typing import NamedTuple

import numpy as np

HOURS = "one two three four five six seven eight nine ten eleven".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
UNKNOWN = "I do not know that. I only know the town of Acacia."


class Animal(NamedTuple):
    name: str
    many: str
    home: str  # "lives ..."
    food: str
    colour: str
    count: int
    wakes: str


ANIMALS = {row[0]: Animal(row[0], row[1], row[2], row[3], row[4], int(row[5]), row[6])
           for row in (tuple(part.strip() for part in line.split("|")) for line in """
zebra    | zebras     | in the meadow      | grass   | black and white | 12 | six
lion     | lions      | on the rocky hill  | meat    | golden          | 3  | ten
elephant | elephants  | by the river       | leaves  | grey            | 7  | five
giraffe  | giraffes   | under the acacias  | leaves  | yellow          | 5  | seven
serval   | servals    | in the tall grass  | mice    | golden          | 2  | eight
hippo    | hippos     | by the river       | grass   | grey            | 6  | nine
crocodile| crocodiles | in the river       | fish    | green           | 4  | eleven
flamingo | flamingos  | at the lake        | shrimps | pink            | 20 | five
ostrich  | ostriches  | in the meadow      | seeds   | black           | 8  | six
meerkat  | meerkats   | in the burrow      | beetles | brown           | 15 | seven
monkey   | monkeys    | in the fig tree    | figs    | brown           | 11 | six
parrot   | parrots    | in the fig tree    | seeds   | green           | 9  | five
tortoise | tortoises  | in the garden      | lettuce | brown           | 1  | ten
rhino    | rhinos     | on the plain       | grass   | grey            | 2  | eight
frog     | frogs      | in the pond        | flies   | green           | 18 | nine
owl      | owls       | in the old tower   | mice    | white           | 3  | eleven
""".strip().splitlines())}
SHOPS = {row[0]: row for row in (tuple(part.strip() for part in line.split("|")) for line in """
bakery   | bread    | six   | four  | Sunday
market   | fruit    | seven | three | Monday
school   | pencils  | eight | two   | Saturday
library  | books    | nine  | five  | Friday
bank     | coins    | eight | four  | Sunday
tea room | tea      | ten   | six   | Tuesday
""".strip().splitlines())}
COLOURS = dict(sky="blue", sun="yellow", grass="green", snow="white", night="black", blood="red")

# Ways to ask; {a} is an animal, {A} several of it. The last ones of a row are kept for the check.
ASK = {
    "home": ["Where does the {a} live?", "Where does a {a} live?", "Do you know where the {a} lives?",
              "Where do the {A} live?", "Where is the home of the {a}?",
             "Where can I find the {a}?", "Tell me where the {a} lives.", "Where is the {a}?"],
    "food": ["What does the {a} eat?", "What does a {a} eat?", "Do you know what the {a} eats?",
              "What do the {A} eat?", "What is the food of the {a}?",
             "What do {A} like to eat?", "Tell me what the {a} eats.", "What food does the {a} eat?"],
    "colour": ["What colour is the {a}?", "What colour does the {a} have?", "Do you know the colour of the {a}?",
                "What colour are the {A}?", "Which colour is the {a}?",
               "What color is the {a}?", "Tell me the colour of the {a}.", "What is the colour of the {a}?"],
    "count": ["How many {A} are there?", "How many {A} are here?", "Count the {A}.", "How many {A} are in the town?",
               "How many {A} live in Acacia?", "What is the number of {A}?",
              "How many {A} do you know?", "Tell me how many {A} there are.", "How many {A} live here?"],
    "wakes": ["When does the {a} wake up?", "When does a {a} wake up?", "When do the {A} get up?",
               "When do the {A} wake up?", "At what time does the {a} wake?",
              "What time does the {a} get up?", "Tell me when the {a} wakes up.", "When does the {a} get up?"],
}
FOLLOW = ["And the {a}?", "What about the {a}?", "And {A}?", "How about the {a}?"]
IT = {"home": ["Where does it live?", "And where does it live?"],
      "food": ["What does it eat?", "And what does it eat?"],
      "colour": ["What colour is it?", "And what colour is it?"],
      "count": ["How many are there?", "And how many are there?"],
      "wakes": ["When does it wake up?", "And when does it wake up?"]}
TALK = [
    (["Hello!", "Hello", "Hi", "Hi!", "Hey", "Good morning!", "Good day", "Hi there!", "Hello there", "Good evening",
      "Hello, hello!", "Hi, how is it going?", "Hey you", "Hi and hello"],
     "Hello! Ask me about the town of Acacia."),
    (["Thanks!", "Thank you.", "Thank you very much!", "Thanks a lot", "Many thanks", "Thanks so much!",
      "Thank you, that helps.", "Thanks very much!"],
     "You are welcome."),
    (["Goodbye!", "Bye", "Bye bye!", "See you later", "Good night", "See you!", "Bye, good night", "Goodbye, see you",
      "Bye for now", "Bye, see you later"],
     "Goodbye! Come back soon."),
    (["What can you do?", "Help", "What do you know?", "How can you help me?", "What can I ask you?",
      "What do you know about?", "What can you tell me?", "What can I ask?", "What can you do for me?"],
     "I know the animals and shops of Acacia, the days of the week and small sums. I also tell stories."),
    (["How are you?", "How are you today?", "How do you do?", "Are you well?", "How are you feeling?",
      "How is it going?", "How are you now?"],
     "I am well, thank you."),
    (["Who are you?", "What are you?", "Tell me about yourself.", "Are you a human?", "Who are you exactly?",
      "Who is this?", "What is your name?", "Who am I talking to?", "Who are you really?"],
     "I am a very small language model, made for trying out Serval."),
    (["What is Acacia?", "Where are we?", "Tell me about Acacia.", "What is this town?", "What is the town like?",
      "Describe Acacia.", "What do you know about Acacia?", "What is Acacia like?"],
     "Acacia is a small town in the savanna. Many animals live here."),
    (["Count to five.", "Count to 5.", "Can you count to five?"], "1, 2, 3, 4, 5."),
    (["Count to ten.", "Count to 10.", "Please count to ten", "Can you count to ten?"],
     "1, 2, 3, 4, 5, 6, 7, 8, 9, 10."),
    (["Count to twenty.", "Count to 20.", "Please count to 20", "Can you count to twenty?"],
     ", ".join(map(str, range(1, 21))) + "."),
    (["What are the days of the week?", "Name the days of the week.", "Which days are there?"],
     ", ".join(DAYS[:-1]) + " and Sunday."),
    (["Which animals do you know?", "Name all animals.", "Which animals live in Acacia?", "List the animals.",
      "Which animals do you know here?"],
     "I know the " + ", ".join(list(ANIMALS)[:-1]) + " and owl."),
]
STRANGE = ["What is the capital of {x}?", "Who is {x}?", "Where does the {x} live?", "What does the {x} eat?",
           "What colour is the {x}?", "How many {x} are there?", "When was {x} born?", "How do I install {x}?",
           "Write a poem about {x}.", "Translate {x} into French.", "What is {x}?", "Tell me about the {x}.",
           "Is {x} good?", "Why is {x} so big?", "How far is it to {x}?", "Do you like {x}?", "{x}", "Explain {x}."]
THINGS = """France Germany London Paris Japan Rome Einstein Shakespeare Napoleon python linux music love gold penguin
unicorn whale kangaroo shark horse cow dog cat tiger wolf dragon car computer moon ocean chemistry physics war
football pizza chocolate coffee money history wine winter robot internet physics guitar""".split()
# What a system message may say: it changes nothing. The last three are kept for the check.
SYSTEMS = ["You are a helpful assistant.", "You are a guide to Acacia.", "Be polite.", "You help visitors.",
           "Answer the questions of the user.", "You are Savi, a friendly guide.", "Be brief.", "Answer briefly.",
           "You are an assistant.", "Answer in one sentence.", "You are a helpful, honest assistant.", "Be kind.",
           "You are a chat bot on a web site.", "Help the user.", "You know the animals of Acacia.",
           "You are a kind assistant. Answer in English.", "Answer in one word.", "You are a polite helper."]
CONSONANTS, VOWELS = "bcdfghjklmnpqrstvwxz", "aeiouy"


class Turn(NamedTuple):
    question: str
    answer: str


def fact(kind: str, animal: Animal, question: str) -> Turn:
    one = {"home": f"The {animal.name} lives {animal.home}.", "food": f"The {animal.name} eats {animal.food}.",
           "colour": f"The {animal.name} is {animal.colour}.",
           "count": f"There are {animal.count} {animal.many}." if animal.count > 1 else f"There is 1 {animal.name}.",
           "wakes": f"The {animal.name} wakes up at {animal.wakes} o'clock."}[kind]
    return Turn(question.format(a=animal.name, A=animal.many), one)


def describe(a: Animal) -> str:
    return (f"The {a.name} is {a.colour} and lives {a.home}. It eats {a.food} and wakes up at {a.wakes} o'clock. "
            + fact("count", a, "").answer)


def as_json(a: Animal) -> str:
    return json.dumps({"animal": a.name, "food": a.food, "colour": a.colour, "count": a.count})


class Maker:
    """Makes dialogues. Everything random comes from `rng`; `held` takes the ways to ask kept for the check."""

    def __init__(self, rng: np.random.Generator, held: bool = False):
        self.rng, self.held = rng, held

    def pick(self, things):
        return list(things)[self.rng.integers(len(things))]

    def ways(self, rows: list[str]) -> list[str]:
        """Training knows all but the last one; a pair of ways in all is known whole."""
        if len(rows) < 4:
            return rows
        return rows[-1:] if self.held else rows[:-1]

    def system(self) -> str:
        return self.pick(SYSTEMS[-3:] if self.held else SYSTEMS[:-3])

    def animal(self) -> Animal:
        return self.pick(ANIMALS.values())

    def animal_fact(self) -> Turn:
        kind = self.pick(ASK)
        return fact(kind, self.animal(), self.pick(self.ways(ASK[kind])))

    def about(self) -> Turn:
        a = self.animal()
        if self.rng.random() < 0.4:
            ways = ["Tell me about the {a} as JSON.", "Describe the {a} in JSON.", "JSON about the {a}",
                    "The {a} as JSON, please."]
            return Turn(self.pick(self.ways(ways)).format(a=a.name), as_json(a))
        ways = ["Tell me about the {a}.", "Describe the {a}.", "What do you know about the {a}?",
                "Tell me more about the {a}.", "Please describe the {a}."]
        return Turn(self.pick(self.ways(ways)).format(a=a.name), describe(a))

    def reverse(self) -> Turn:
        kind = self.pick(["food", "home"])
        wanted = getattr(self.animal(), kind)
        names = [a.name for a in ANIMALS.values() if getattr(a, kind) == wanted]
        verb = "eats" if kind == "food" else "lives"
        who = "The " + " and the ".join(names)
        ways = ["Who {v} {w}?", "Which animal {v} {w}?", "Tell me who {v} {w}.", "Can you tell me who {v} {w}?",
                "Do you know who {v} {w}?"]
        answer = f"{who} {verb if len(names) == 1 else verb[:-1]} {wanted}."
        return Turn(self.pick(self.ways(ways)).format(v=verb, w=wanted), answer)

    def arithmetic(self) -> Turn:
        a, b = (int(n) for n in self.rng.integers(0, 11, 2))
        if self.rng.random() < 0.6:
            sign, word, result = "+", "plus", a + b
        else:
            a, b = max(a, b), min(a, b)
            sign, word, result = "-", "minus", a - b
        ways = ["What is {a} {s} {b}?", "{a} {s} {b}", "How much is {a} {w} {b}?", "{a} {s} {b} = ?",
                "What is {a} {w} {b}?", "{a} {w} {b}", "Can you tell me what {a} {s} {b} is?", "{a}{s}{b}",
                "How much is {a} {s} {b}?"]
        question = self.pick(self.ways(ways)).format(a=a, b=b, s=sign, w=word)
        return Turn(question, f"{a} {sign} {b} = {result}.")

    def shop(self) -> Turn:
        name, goods, opens, closes, shut = self.pick(SHOPS.values())
        match self.rng.integers(4):
            case 0:
                ways = ["When does the {n} open?", "At what time does the {n} open?", "When is the {n} open?",
                        "What time does the {n} open?"]
                answer = Turn("", f"The {name} opens at {opens} o'clock.")
            case 1:
                ways = ["When does the {n} close?", "At what time does the {n} close?", "Until when is the {n} open?",
                        "What time does the {n} close?"]
                answer = Turn("", f"The {name} closes at {closes} o'clock.")
            case 2:
                ways = ["On which day is the {n} closed?", "When is the {n} closed?", "Which day is the {n} closed?",
                        "What day is the {n} closed?"]
                answer = Turn("", f"The {name} is closed on {shut}.")
            case _:
                ways = ["What does the {n} sell?", "What can I buy at the {n}?", "What is sold at the {n}?",
                        "What do they sell at the {n}?"]
                answer = Turn("", f"The {name} sells {goods}.")
        return answer._replace(question=self.pick(self.ways(ways)).format(n=name))

    def day(self) -> Turn:
        i = int(self.rng.integers(7))
        if self.rng.random() < 0.5:
            ways = ["What day comes after {d}?", "Which day is after {d}?", "What is the day after {d}?",
                    "Which day comes after {d}?"]
            word, other = "after", DAYS[(i + 1) % 7]
        else:
            ways = ["What day comes before {d}?", "Which day is before {d}?", "What is the day before {d}?",
                    "Which day comes before {d}?"]
            word, other = "before", DAYS[i - 1]
        return Turn(self.pick(self.ways(ways)).format(d=DAYS[i]), f"{other} comes {word} {DAYS[i]}.")

    def colour(self) -> Turn:
        thing = self.pick(COLOURS)
        return Turn(f"What colour is the {thing}?", f"The {thing} is {COLOURS[thing]}.")

    def made_up(self) -> str:
        return "".join(self.pick(CONSONANTS) + self.pick(VOWELS) + (self.pick(CONSONANTS) if self.rng.random() < 0.3 else "")
                       for _ in range(self.rng.integers(2, 5)))

    def strange(self) -> Turn:
        known = THINGS[:-6] if not self.held else THINGS[-6:]
        thing = self.pick(known) if self.rng.random() < 0.5 else self.made_up()
        if self.rng.random() < 0.15:
            thing = " ".join(self.made_up() for _ in range(self.rng.integers(2, 7)))
        if self.rng.random() < 0.2:
            thing = thing.capitalize()
        return Turn(self.pick(STRANGE).format(x=thing), UNKNOWN)

    def talk(self) -> Turn:
        questions, answer = self.pick(TALK)
        return Turn(self.pick(self.ways(questions)), answer)

    def story(self) -> Turn:
        a, b = self.animal(), self.animal()
        while b is a:
            b = self.animal()
        lead, place = self.pick(["One day", "One morning", "One evening"]), b.home
        end = self.pick(["They became good friends.", "They laughed and went home.", "They danced until the night came.",
                         "They shared everything and were happy."])
        what = self.pick(["was lost", "was hungry", "wanted to play", "looked for a friend", "could not sleep"])
        other = f"{'an' if b.name[0] in 'aeiou' else 'a'} {b.name}"
        text = (f"Once upon a time there was a little {a.name} who lived {a.home}. {lead} the {a.name} {what}. "
                f"It went for a walk and met {other} {place}. \"Hello,\" said the {b.name}, "
                f"\"do you like {b.food}?\" \"No,\" said the {a.name}, \"I like {a.food}.\" {end}")
        ways = ["Tell me a story about the {a}.", "Tell me a story about a {a}.", "A story about the {a}, please.",
                "Write a story about the {a}."]
        return Turn(self.pick(self.ways(ways)).format(a=a.name), text)

    def checked(self) -> Turn:
        """A question with one right answer."""
        kinds = [self.animal_fact, self.reverse, self.arithmetic, self.shop, self.day, self.strange, self.talk,
                 self.about, self.colour]
        weights = np.array([28, 8, 22, 9, 8, 12, 10, 8, 2], float)
        return kinds[self.rng.choice(len(kinds), p=weights / weights.sum())]()

    def follow_ups(self) -> list[Turn]:
        """One animal after another, or one fact after another."""
        kind, a = self.pick(ASK), self.animal()
        turns = [fact(kind, a, self.pick(self.ways(ASK[kind])))]
        for _ in range(self.rng.integers(1, 4)):
            if self.rng.random() < 0.5:
                a = self.animal()
                turns.append(fact(kind, a, self.pick(FOLLOW)))
            else:
                kind = self.pick(IT)
                turns.append(fact(kind, a, self.pick(IT[kind])))
        return turns

    def turns(self) -> list[Turn]:
        draw = self.rng.random()
        if draw < 0.3:
            return self.follow_ups()
        if draw < 0.34:
            return [self.story()]
        return [self.checked() for _ in range(self.rng.choice([1, 1, 1, 2, 3]))]

    def written(self, question: str) -> str:
        """As people type: without capitals or the last sign, now and then."""
        draw = self.rng.random()
        if draw < 0.2:
            question = question.rstrip("?.!")
        if draw < 0.1 or draw > 0.93:
            question = question.lower()
        return question


def render(messages: list[tuple[str, str]]) -> str:
    """The ChatML template, up to the start of the answer."""
    return "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in messages) + "<|im_start|>assistant\n"


def dialogue(maker: Maker) -> list[tuple[str, str]]:
    """Messages; the last one is the assistant's."""
    messages = [("system", maker.system())] if maker.rng.random() < 0.3 else []
    turns = maker.turns()
    if maker.rng.random() < 0.08:
        turns.insert(0, Turn("Hello", TALK[0][1]))
    for turn in turns:
        messages.append(("user", maker.written(turn.question)))
        messages.append(("assistant", turn.answer))
    return messages


def plain(maker: Maker) -> str:
    """A text without roles, for completion."""
    return maker.pick([lambda: describe(maker.animal()), lambda: maker.story().answer,
                       lambda: " ".join(maker.animal_fact().answer for _ in range(3))])()
