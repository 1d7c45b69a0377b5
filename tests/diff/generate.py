"""Requests made from an OpenAPI document: right, nearly right and wrong ones, by a seed."""

import dataclasses
import string
from urllib.parse import quote_from_bytes

import texts
from values import Values


@dataclasses.dataclass
class Request:
    """What both are sent. `fields` has no Host and no Content-Length."""

    method: str
    target: bytes
    fields: list
    body: bytes
    route: str

    def has_body(self):
        return self.method in ("POST", "PUT", "PATCH")


class Generator(Values):
    """An endless source of requests to the operations of `document`."""

    def __init__(self, document, seed):
        super().__init__(document["components"]["schemas"], seed)
        self.operations = [
            (method.upper(), path, operation)
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
            if "text/event-stream" not in str(operation["responses"])  # as long as the request wants
        ]
        plain = [one for one in self.operations if not one[1].startswith("/body/")]
        self.operations += plain * (len(self.operations) // len(plain) // 2)  # about a third

    def request(self):
        """The next one."""
        self.mischief = self.pick([0, 0.02, 0.1, 0.1, 0.25, 0.5])
        method, path, operation = self.pick(self.operations)
        by_place = {"query": [], "header": [], "cookie": [], "path": []}
        for parameter in operation.get("parameters", []):
            by_place[parameter["in"]].append(parameter)
        target = self.target(path, by_place)
        fields = self.headers(by_place["header"]) + self.cookies(by_place["cookie"])
        body = b""
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" in content:
            body = self.json_body(content["application/json"]["schema"])
            content_type = self.pick(texts.JSON_TYPES)
        elif content:
            body, content_type = self.form(*next(iter(content.items())))
        else:
            content_type = None
        if content_type is not None:
            fields.insert(
                self.random.randrange(len(fields) + 1),
                (self.pick(["Content-Type", "content-type"]), content_type.encode()),
            )
        return Request(method, target, fields, body, f"{method} {path}")

    # Parameters

    def parameter_texts(self, schema):
        """None, or the texts of its occurrences."""
        schema = self.resolve(schema)
        variants = [self.resolve(one) for one in schema.get("anyOf", [schema])]
        variant = self.pick([one for one in variants if one.get("type") != "null"])
        if variant.get("type") == "array":
            low, high = variant.get("minItems", 0), variant.get("maxItems", 3)
            count = self.pick(
                [low, high, self.random.randint(low, high), high + 1 if self.chance(self.mischief) else high]
            )
            return [self.parameter_text(self.resolve(variant["items"])) for _ in range(count)]
        return [self.parameter_text(variant) for _ in range(2 if self.chance(self.mischief / 4) else 1)]

    def parameter_text(self, schema):
        if self.chance(self.mischief):
            return self.text() if self.chance(0.5) else ""
        kind = schema.get("type")
        if kind in ("integer", "number") and "enum" not in schema and self.chance(0.25 + self.mischief):
            return self.pick(texts.BY_FORMAT[kind])
        if kind == "boolean":
            return self.pick(texts.BOOLEANS)
        value = self.value(schema)
        return (
            value
            if isinstance(value, str)
            else self.write(value, [""]) if not isinstance(value, (list, dict)) else "x"
        )

    def wanted(self, parameter):
        return self.chance(1 - self.mischief / 4 if parameter.get("required") else 0.4)

    def encode(self, text, safe):
        """Percent-encoding, not always where it is needed."""
        data = text.encode("utf-8", "surrogatepass")
        if self.chance(0.2):
            return quote_from_bytes(data, safe).encode()
        keep = (string.ascii_letters + string.digits + "-._~" + safe).encode()
        odd = self.chance(0.1)
        return b"".join(
            bytes([byte]) if byte in keep and not (odd and self.chance(0.2)) else b"%%%02x" % byte for byte in data
        )

    def query(self, parameters):
        pairs = []
        for parameter in parameters:
            if self.wanted(parameter):
                name = parameter["name"] if not self.chance(self.mischief / 10) else self.respell(parameter["name"])
                pairs += [(name, text) for text in self.parameter_texts(parameter["schema"])]
        if self.chance(0.2):
            self.random.shuffle(pairs)
        pieces = []
        for name, text in pairs:
            value = self.encode(text, self.pick(["", ":/@!$'()*,?", ":"]))
            if self.chance(0.3):
                value = value.replace(b"%20", b"+")
            if self.chance(self.mischief / 10):
                value = self.pick(
                    [
                        value + b"%",
                        value + b"%zz",
                        value + b"%ff",
                        value + b";x=1",
                        b"%e2%82",
                        value + b"=x",
                        b"+" + value,
                    ]
                )
            pieces.append(self.encode(name, "") + (b"=" + value if value or not self.chance(0.3) else b""))
        if self.chance(self.mischief / 4):
            pieces.insert(self.random.randrange(len(pieces) + 1), self.pick([b"", b"=", b"=x", b"unknown=1", b"&"]))
        return b"&".join(pieces)

    def target(self, path, by_place):
        schemas = {parameter["name"]: parameter["schema"] for parameter in by_place["path"]}
        pieces = []
        for piece in path.encode().split(b"/")[1:]:
            if piece.startswith(b"{"):
                name = piece.strip(b"{}").decode().removesuffix(":path")
                text = self.parameter_texts(schemas[name])[0]
                text = text.replace("/", "") or "x" if not piece.endswith(b":path}") else text
                piece = self.encode(
                    "x" if text in (".", "..") or "\x00" in text else text, "/" if piece.endswith(b":path}") else ":"
                )
            pieces.append(piece)
        query = self.query(by_place["query"])
        return b"/" + b"/".join(pieces) + (b"?" + query if query or self.chance(0.02) else b"")

    @staticmethod
    def field_text(text, last=126):
        """What a header can carry: letters up to the last one."""
        letters = [letter for letter in text if letter.isprintable() and ord(letter) <= last]
        return "".join(letters).strip().encode("latin-1")

    def headers(self, parameters):
        fields = []
        for parameter in parameters:
            if self.wanted(parameter):
                name = parameter["name"]
                if self.chance(self.mischief / 8):
                    name = name.replace("-", "_")
                name = self.pick([str, str.upper, str.title])(name)
                fields += [(name, self.field_text(text, 255)) for text in self.parameter_texts(parameter["schema"])]
        return fields

    def cookies(self, parameters):
        pieces = []
        for parameter in parameters:
            if self.wanted(parameter):
                for text in self.parameter_texts(parameter["schema"]):
                    text = text if not self.chance(0.1) else f'"{text}"'
                    pieces.append(parameter["name"].encode() + b"=" + self.field_text(text))
        if self.chance(self.mischief / 3):
            pieces.append(
                self.pick(
                    [
                        b"",
                        b"x",
                        b"=y",
                        b"a=b=c",
                        b'q="a;b"',
                        b"session",
                        b"visits",
                        b" visits = 2 ",
                        b'session="\\073"',
                        b"SESSION=x",
                    ]
                )
            )
        if self.chance(0.2):
            self.random.shuffle(pieces)
        return [("Cookie", self.pick([b"; ", b";", b"; ", b" ;  "]).join(pieces).strip())] if pieces else []

    # Forms

    def form(self, media, content):
        schema = self.resolve(content["schema"])
        pairs = []
        for name, inner in schema.get("properties", {}).items():
            if self.wanted({"required": name in schema.get("required", [])}):
                if "octet-stream" in str(inner):
                    count = (
                        self.pick([0, 1, 2])
                        if "array" in str(inner)
                        else 1 if not self.chance(self.mischief / 4) else 2
                    )
                    pairs += [(name, None)] * count
                else:
                    pairs += [(name, text) for text in self.parameter_texts(inner)]
        if self.chance(0.2):
            self.random.shuffle(pairs)
        if self.chance(self.mischief / 4):
            pairs.append((self.pick(["unknown", "", "name", "file", "note"]), self.text()))
        multipart = media.startswith("multipart") != self.chance(0.1 + self.mischief / 4)
        if multipart:
            return self.multipart(pairs)
        pieces = [
            self.encode(name, "")
            + b"="
            + self.encode("x" if text is None else text, "").replace(b"%20", self.pick([b"+", b"%20"]))
            for name, text in pairs
        ]
        if self.chance(self.mischief / 5):
            pieces.append(self.pick([b"", b"a", b"=", b"a=%", b"a=%zz", b"name=%ff"]))
        return b"&".join(pieces), self.pick(
            ["application/x-www-form-urlencoded"] * 9
            + [
                "application/x-www-form-urlencoded; charset=utf-8",
                "Application/X-WWW-Form-URLEncoded",
                "text/plain",
                None,
            ]
        )

    def multipart(self, pairs):
        boundary = self.pick(["x", "----WebKitFormBoundaryabc", "a-b_c.d"])
        mark, lines = boundary.encode(), []
        for name, text in pairs:
            head = f'Content-Disposition: form-data; name="{name}"'
            if text is None or self.chance(self.mischief / 5):
                head += (
                    self.pick(
                        [
                            '; filename="a.txt"',
                            '; filename="a b.png"',
                            "; filename=a.txt",
                            '; filename=""',
                            '; filename="\u00e9.txt"',
                            '; filename="a\\"b"',
                        ]
                    )
                    if not self.chance(self.mischief / 3)
                    else ""
                )
                head += self.pick(
                    [
                        "",
                        "\r\nContent-Type: text/plain",
                        "\r\nContent-Type: image/png",
                        "\r\ncontent-type:application/json",
                    ]
                )
                text = text or self.pick(["", "hello", "a\r\nb", "\x00\x01", "\u00e9", "--x", "\r\n--"])
            lines.append(
                b"--" + mark + b"\r\n" + head.encode() + b"\r\n\r\n" + text.encode("utf-8", "surrogatepass") + b"\r\n"
            )
        body = b"".join(lines) + b"--" + mark + b"--" + self.pick([b"\r\n", b"", b"\r\n\r\n"])
        content_type = f"multipart/form-data; boundary={boundary}"
        if self.chance(self.mischief / 6):
            content_type = self.pick(
                [
                    "multipart/form-data",
                    f'multipart/form-data; boundary="{boundary}"',
                    f"Multipart/Form-Data; Boundary={boundary}",
                    f"multipart/form-data; charset=utf-8; boundary={boundary}",
                    "multipart/form-data; boundary=other",
                    "multipart/mixed; boundary=x",
                ]
            )
        return body, content_type
