"""Asks a real FastAPI again about every case of body.json, kinds.json, params.json and syntax.json,
and for openapi.json. The unit tests of src/json expect the same answers, byte by byte.

To add a case, add a line without an answer and run this. A case with "differs" is one where Serval
means to answer otherwise, for that reason: its answer is Serval's and is left alone.

Recorded with fastapi 0.165.0, pydantic 2.14.3, Python 3.11.
"""

import json
import pathlib
from enum import Enum
from typing import Annotated, List, Optional

from fastapi import FastAPI, Path, Query
from fastapi.testclient import TestClient
from pydantic import (AfterValidator, BaseModel, ConfigDict, Field, create_model, field_validator,
                      model_validator)

import kinds

HERE = pathlib.Path(__file__).parent


class color(str, Enum):
    red = "red"
    green = "green"
    blue = "blue"


class point(BaseModel):
    x: int
    y: float = 0.5


class strict_point(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int
    y: Optional[int] = Field(None, ge=1)


class node(BaseModel):
    name: str = "n"
    child: Optional["node"] = None


class tree(BaseModel):
    name: str = "n"
    children: List["tree"] = []


def check_stop(item):
    if len(item) > 20:
        raise ValueError("Stop sequence too long")
    return item


class generate(BaseModel):
    prompt: str = Field(..., min_length=1, max_length=4096, description="What to continue")
    max_tokens: int = Field(256, ge=1, le=4096)
    temperature: float = Field(0.7, ge=0.0, le=2.0)
    stop_sequences: Optional[List[Annotated[str, AfterValidator(check_stop)]]] = Field(
        None, max_length=4)

    @field_validator("prompt")
    @classmethod
    def not_blank(cls, prompt):
        if not prompt.strip():
            raise ValueError("Prompt cannot be empty or whitespace")
        return prompt.strip()


def check_even(value):
    if value % 2:
        raise ValueError("must be even")
    return value * 10


def check_half(value):
    if value > 0.5:
        raise ValueError("more than a half")
    return value


class span(BaseModel):
    low: int
    high: int

    @model_validator(mode="after")
    def ordered(self):
        if self.low > self.high:
            raise ValueError("low is above high")
        return self


class spans(BaseModel):
    items: List[span]
    extra: Optional[span] = None


class answer(BaseModel):
    """An answer with
    two lines."""
    count: int = Field(..., ge=0, title="How many", description="Number of things", examples=[3])
    share: float = Field(0.5, gt=0, lt=1.5)
    tint: color = color.red
    tint_or_none: Optional[color] = None
    other: Optional[color] = color.blue
    where: point
    maybe: Optional[point] = Field(None, description="May be absent")
    many: List[point] = Field(..., min_length=1, max_length=5)
    texts: Optional[List[Annotated[str, Field(max_length=20)]]] = Field(None, max_length=4)
    numbers: List[float] = [0.5, 1.0]
    HTTPStatus2go: bool = False


FIELDS = {
    "int": (int, ...),
    "int_bounds": (int, Field(..., ge=-1, le=4096)),
    "int_open": (int, Field(..., gt=0, lt=10)),
    "int_both": (int, Field(..., ge=1, gt=2, le=9, lt=8)),
    "int_opt": (Optional[int], ...),
    "int_opt_null": (Optional[int], None),
    "int_opt_five": (Optional[int], Field(5, le=9)),
    "int_default": (int, 7),
    "int_even": (Annotated[int, AfterValidator(check_even)], Field(..., le=100)),
    "float": (float, ...),
    "float_bounds": (float, Field(..., ge=0, le=1)),
    "float_open": (float, Field(..., gt=-1.5, lt=2.5)),
    "float_tiny": (float, Field(..., ge=1e-7, le=1e21)),
    "float_opt": (Optional[float], 0.25),
    "float_half": (Annotated[float, AfterValidator(check_half)], ...),
    "bool": (bool, ...),
    "bool_opt": (Optional[bool], None),
    "bool_default": (bool, True),
    "str": (str, ...),
    "str_len": (str, Field(..., min_length=2, max_length=4)),
    "str_one": (str, Field(..., min_length=1, max_length=1)),
    "str_opt": (Optional[str], None),
    "str_default": (str, "abc"),
    "color": (color, ...),
    "color_opt": (Optional[color], None),
    "color_default": (color, color.green),
    "point": (point, ...),
    "point_opt": (Optional[point], None),
    "strict": (strict_point, ...),
    "ints": (List[int], ...),
    "ints_len": (List[int], Field(..., min_length=2, max_length=3)),
    "ints_one": (List[int], Field(..., min_length=1, max_length=1)),
    "ints_bounds": (List[Annotated[int, Field(ge=1, le=5)]], ...),
    "doubles": (List[float], ...),
    "bools": (List[bool], ...),
    "strs": (List[str], ...),
    "strs_items": (List[Annotated[str, Field(max_length=3)]], Field(..., max_length=2)),
    "strs_opt": (Optional[List[str]], None),
    "strs_default": (List[str], ["a", "b"]),
    "colors": (List[color], ...),
    "points": (List[point], ...),
    "points_len": (List[point], Field(..., max_length=2)),
    "strict_points": (List[strict_point], ...),
}
MODELS = {f"v_{name}": create_model(f"v_{name}", v=field) for name, field in FIELDS.items()}
MODELS |= {model.__name__: model for model in
           (point, strict_point, node, tree, generate, span, spans, answer)}

MODELS |= kinds.MODELS

app = FastAPI()
for _name, _model in MODELS.items():
    def _endpoint(x):
        return x
    _endpoint.__annotations__ = {"x": _model}
    _endpoint.__name__ = _name
    app.post("/" + _name, response_model=_model)(_endpoint)


class sort_by(str, Enum):
    name = "name"
    size = "size"


@app.get("/query")
def query(count: int, ratio: float = 0.5, on: bool = False, tag: Optional[str] = None,
          name: str = Query(default=None, min_length=2, max_length=4),
          sort: sort_by = sort_by.name, ids: List[int] = Query(...),
          names: List[str] = Query(default=[]),
          top: Optional[int] = Query(default=None, ge=1, le=9)):
    return {"count": count, "ratio": ratio, "on": on, "tag": tag, "name": name or "",
            "sort": sort, "ids": ids, "names": names, "top": top}


@app.get("/path/{item_id}/{size}")
def path(item_id: int = Path(ge=1, description="Which one"), size: color = Path(),
         q: int = Query(default=3, le=5, description="How many"), r: str = Query(...)):
    return {"item_id": item_id, "size": size, "q": q, "r": r}


client = TestClient(app, raise_server_exceptions=False)


def ask_body(case):
    content_type = case.get("content_type", "application/json")
    headers = {} if content_type is None else {"content-type": content_type}
    reply = client.post("/" + case["model"], content=case["body"].encode(), headers=headers)
    return {"status": reply.status_code, "answer": reply.json()}


def ask_params(case):
    reply = client.get(case["url"])
    return {"status": reply.status_code, "answer": reply.json()}


def ask_syntax(case):
    """Python's word and place, null for what is JSON."""
    try:
        json.loads(case["text"].encode())
    except json.JSONDecodeError as error:
        return {"message": error.msg, "position": error.pos}
    return {"message": None, "position": None}


def record_openapi():
    """All components but those that FastAPI splits into X-Input and X-Output, and parameters."""
    document = app.openapi()
    keep = set(MODELS) | {"color", "sort_by", "HTTPValidationError", "ValidationError"}
    keep |= {"tint", "level", "spot", "cat", "dog", "one", "two"}
    components = document["components"]["schemas"]
    return {"schemas": {name: components[name] for name in components if name in keep},
            "query": document["paths"]["/query"]["get"]["parameters"],
            "path": document["paths"]["/path/{item_id}/{size}"]["get"]["parameters"]}


def refresh(name, ask):
    cases = json.loads((HERE / name).read_text())
    cases = [case if "differs" in case else case | ask(case) for case in cases]
    (HERE / name).write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")


if __name__ == "__main__":
    refresh("body.json", ask_body)
    refresh("kinds.json", ask_body)
    refresh("params.json", ask_params)
    refresh("syntax.json", ask_syntax)
    (HERE / "openapi.json").write_text(json.dumps(record_openapi(), indent=1) + "\n")
