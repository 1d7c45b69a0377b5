"""Values made from JSON schemas: right, nearly right and wrong ones, and their JSON, spelled in many ways."""

import random
import string

import texts


# Of members that a schema may or may not know.
NAMES = ["extra", "", "x", "y", "v", "Z", "a b", "\u00e9", "kind", "model_version", "modelVersion", "when"]


class Token(str):
    """Written into JSON as it is."""


class Members(list):
    """Of an object: pairs, so that names may repeat."""


class Values:
    """A source of values. `mischief`, 0 to 1: how much of them is wrong."""

    def __init__(self, schemas, seed):
        self.random, self.schemas, self.mischief = random.Random(seed), schemas, 0.0

    def chance(self, probability):
        return self.random.random() < probability

    def pick(self, values):
        return self.random.choice(values)

    def resolve(self, schema):
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rsplit("/", 1)[1]]
        return schema

    def value(self, schema, depth=0):
        """A value for JSON."""
        if self.chance(self.mischief / (1 + depth)):
            return self.anything(depth)
        schema = self.resolve(schema)
        variants = schema.get("anyOf") or schema.get("oneOf")
        if variants:
            if [one.get("type") for one in variants] == ["number", "string"]:
                return self.number(variants[0]) if self.chance(0.5) else self.text_of("decimal")
            return self.value(self.pick(variants), depth)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.pick(schema["enum"])
        kind = schema.get("type")
        if kind == "object":
            return self.object(schema, depth)
        if kind == "array":
            return self.array(schema, depth)
        if kind in ("integer", "number"):
            return self.number(schema)
        if kind == "boolean":
            return self.pick([True, False])
        if kind == "null":
            return None
        if kind == "string":
            return self.string(schema)
        return self.anything(depth)

    def object(self, schema, depth):
        members = Members()
        for name, inner in schema.get("properties", {}).items():
            needed = name in schema.get("required", [])
            if self.chance(1 - self.mischief / 3 if needed else 0.6):
                members.append(
                    (name if not self.chance(self.mischief / 8) else self.respell(name), self.value(inner, depth + 1))
                )
        inner = schema.get("additionalProperties")
        if isinstance(inner, dict) and depth < 6:
            for _ in range(self.pick([0, 1, 1, 2, 3])):
                members.append((self.key(schema), self.value(inner, depth + 1)))
        elif self.chance(0.1 + self.mischief / 2):
            members.append((self.pick(NAMES), self.anything(depth + 1)))
        if members and self.chance(self.mischief / 8):
            members.append((self.pick(members)[0], self.anything(depth + 1)))
        if self.chance(0.2):
            self.random.shuffle(members)
        return members

    def key(self, schema):
        names = self.resolve(schema.get("propertyNames", {}))
        if self.chance(self.mischief):
            return self.text()
        return self.pick(
            names.get("enum") or ["a", "b", "abc", "1", "2", "3", "5", "1.0", " 3", "03", *texts.UUIDS[:4]]
            if names or self.chance(0.5)
            else [str(self.random.randrange(6)), self.pick(texts.UUIDS[:5]), self.pick("abc")]
        )

    def array(self, schema, depth):
        if depth > 6:
            return []
        if "prefixItems" in schema:
            items = [self.value(inner, depth + 1) for inner in schema["prefixItems"]]
            if self.chance(self.mischief):
                items = items[:-1] if self.chance(0.5) else items + [self.anything(depth + 1)]
            return items
        low, high = schema.get("minItems", 0), schema.get("maxItems", 3)
        count = (
            self.random.randint(low, high)
            if not self.chance(self.mischief)
            else self.pick([0, low, high, high + 1, max(low - 1, 0), high + 3])
        )
        items = [self.value(schema.get("items", {}), depth + 1) for _ in range(count)]
        if items and self.chance(0.2):
            items[self.random.randrange(count)] = items[0]
        return items

    def number(self, schema):
        if self.chance(self.mischief):
            return Token(self.pick(texts.TOKENS))
        bounds = [
            schema[name]
            for name in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
            if name in schema
        ]
        whole = schema.get("type") == "integer"
        if bounds and self.chance(0.5):
            bound = self.pick(bounds)
            step = self.pick([0, 0, 1, -1] if whole else [0, 0, 1, -1, 0.5, -0.5, 1e-9])
            return (int if whole and not self.chance(self.mischief) else float)(bound + step)
        low = schema.get("minimum", schema.get("exclusiveMinimum", -3))
        high = schema.get("maximum", schema.get("exclusiveMaximum", low + 10))
        if "multipleOf" in schema:
            return schema["multipleOf"] * self.random.randint(-2, 20)
        if whole:
            return self.random.randint(int(low), int(min(high, 1e9)))
        return self.pick(
            [
                self.random.uniform(low, high),
                round(self.random.uniform(low, high), 2),
                self.random.randint(int(low), int(min(high, 1e9))),
            ]
        )

    def string(self, schema):
        form = schema.get("format")
        if schema.get("contentEncoding") == "base64":
            form = "base64"
        if form in texts.BY_FORMAT:
            return self.text_of(form)
        if schema.get("pattern") in texts.BY_PATTERN and not self.chance(self.mischief):
            return self.pick(texts.BY_PATTERN[schema["pattern"]])
        if self.chance(0.3) and ("minLength" in schema or "maxLength" in schema):
            length = self.pick([schema.get("minLength", 0), schema.get("maxLength", 4)]) + self.pick([0, 0, -1, 1])
            return self.pick(["a", "\u00e9", "\U0001f600", "b ", "\u00df"]) * max(0, min(length, 40))
        return self.pick(texts.WORDS)

    def text_of(self, form):
        if not self.chance(self.mischief) and form in texts.GOOD and self.chance(0.6):
            return self.pick(texts.GOOD[form])
        text = self.pick(texts.BY_FORMAT[form])
        return self.respell(text) if self.chance(0.15 + self.mischief / 2) else text

    def text(self):
        text = self.pick(texts.ALL)
        return self.respell(text) if self.chance(0.3) else text

    def respell(self, text):
        """One small change."""
        at = self.random.randrange(len(text) + 1)
        change = self.random.randrange(9)
        if change == 0:
            return text[:at] + text[at + 1 :]
        if change == 1:
            return text[:at] + self.pick(string.printable) + text[at:]
        if change == 2:
            return text[:at] + self.pick(texts.BLANKS) + text[at:]
        if change == 3:
            return self.pick([text.upper, text.lower, text.swapcase, text.title])()
        if change == 4:
            return self.pick(texts.BLANKS) + text
        if change == 5:
            return text + self.pick(texts.BLANKS)
        if change == 6:
            return text[:at] + self.pick("0123456789+-.:TZ") + text[at + 1 :]
        if change == 7:
            return text[:at] + text[max(0, at - 2) :]
        return text[:at] + self.pick("\u00e9\u0301\u0660\uff11\U0001f600\u2028\u00b5\u0130") + text[at:]

    def anything(self, depth):
        choice = self.random.randrange(14)
        if choice == 0:
            return None
        if choice == 1:
            return self.pick([True, False])
        if choice in (2, 3, 4):
            return Token(self.pick(texts.TOKENS))
        if choice == 5:
            return self.random.randint(-10, 10)
        if choice == 6 and depth < 5:
            return [self.anything(depth + 1) for _ in range(self.pick([0, 1, 1, 2, 3]))]
        if choice == 7 and depth < 5:
            return Members(
                (self.pick(["x", "y", "v", "kind", "a", ""]), self.anything(depth + 1))
                for _ in range(self.pick([0, 1, 1, 2]))
            )
        return self.text()

    # JSON

    def write(self, value, blank):
        """JSON text, spelled in one of its many ways."""
        if isinstance(value, Token):
            return str(value)
        if value is None or isinstance(value, bool):
            return {None: "null", True: "true", False: "false"}[value]
        if isinstance(value, (int, float)):
            return repr(value)
        if isinstance(value, str):
            return self.quoted(value)
        space = self.pick(blank)
        if isinstance(value, Members):
            inner = f",{space}".join(
                f"{self.quoted(name)}{space}:{self.pick(blank)}{self.write(one, blank)}" for name, one in value
            )
            return "{" + space + inner + space + "}"
        return "[" + f",{space}".join(self.write(one, blank) for one in value) + space + "]"

    def quoted(self, text):
        letters = []
        short = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f", '"': '\\"', "\\": "\\\\"}
        for letter in text:
            if letter in short or ord(letter) < 32:
                letters.append(short.get(letter) or f"\\u{ord(letter):04x}")
            elif self.chance(0.01 + self.mischief / 20):
                units = letter.encode("utf-16-be").hex()
                letters.append("".join("\\u" + units[i : i + 4] for i in range(0, len(units), 4)))
            else:
                letters.append(letter)
        return '"' + "".join(letters) + '"'

    def json_body(self, schema):
        if self.chance(0.01):
            return self.pick(
                [b"", b" ", b"null", b"\xef\xbb\xbf{}", b"{}", b"[]", b"0", b'""', b"\x00", b"\n\n", b"true"]
            )
        blank = self.pick([[""], [""], [" "], ["", " ", "\n", "\t", "\r\n  "]])
        text = self.write(self.value(schema), blank)
        if self.chance(0.08):
            text = self.break_json(text)
        data = text.encode("utf-8", "surrogatepass")
        if self.chance(0.004):
            at = self.random.randrange(len(data) + 1)
            data = (
                data[:at]
                + self.pick([b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf"])
                + data[at:]
            )
        return data

    def break_json(self, text):
        at = self.random.randrange(len(text) + 1)
        change = self.random.randrange(7)
        if change == 0:
            return text[:at]
        if change == 1:
            return text[:at] + text[at + 1 :]
        if change == 2:
            return text[:at] + self.pick(list('{}[],:"\\/\'0123-+.eEtfnu \x00\x1f\x7f\u00e9\u2028')) + text[at:]
        if change == 3:
            return (
                text[:at]
                + self.pick(
                    [
                        "\\x",
                        "\\u12",
                        "\\ud800",
                        "\\uzzzz",
                        "\\u 123",
                        "\\",
                        "\\ud83d\\ude00",
                        "\\ud83d\\u0041",
                        "NaN",
                        "//",
                        "/**/",
                        "01",
                        "1.",
                        ".5",
                        "+1",
                        "tru",
                        "nul",
                        "1e",
                        "--1",
                    ]
                )
                + text[at:]
            )
        if change == 4:
            return text + self.pick(["x", ",", "}", "]", "{}", " 1", "\x00", "\ufeff", "\u00a0"])
        if change == 5:
            return text.replace("}", ",}", 1).replace("]", ",]", 1)
        return text.replace('"', self.pick(["'", "", '""']), 1)
