"""The application of echoes.c with FastAPI: the same operations in the same order.

The models of bodies are those that tests/cases/validation asks about.
"""

import base64
import datetime
import decimal
import inspect
import pathlib
import sys
import uuid
from ipaddress import IPv4Address
from typing import Annotated, Dict, List, Literal, Optional, Set, Tuple

from fastapi import Body, Cookie, Depends, FastAPI, File, Form, Header, Path, Query, UploadFile
from pydantic import Base64Bytes, BaseModel, ConfigDict, EmailStr, Field, HttpUrl, StringConstraints, create_model

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cases/validation"))
from kinds import level, spot, tint  # noqa: E402
from record import MODELS  # noqa: E402

app = FastAPI(title="Echoes")


class paging(BaseModel):
    limit: int
    offset: int
    key: str = Field(serialization_alias="x-key")


class places(BaseModel):
    id: int
    q: int
    x_number: int = Field(serialization_alias="x-number")
    cookie: int


class everything(BaseModel):
    paging: paging
    places: places
    body: spot


def pager(
    limit: int = Query(10, ge=1, le=50), offset: int = Query(ge=0), key: str = Header(alias="x-key", min_length=2)
):
    return paging(limit=limit, offset=offset, key=key)


@app.post("/everything/{id}", response_model=everything)
async def everything_echo(
    body: spot,
    id: int,
    q: int = Query(le=9),
    x_number: int = Header(),
    cookie: int = Cookie(),
    pager: paging = Depends(pager),
):
    return {"paging": pager, "places": places(id=id, q=q, x_number=x_number, cookie=cookie), "body": body}


class received(BaseModel):
    filename: str
    content_type: Optional[str] = None
    content: str


class uploaded(BaseModel):
    file: received
    maybe: Optional[received] = None
    files: List[received]
    raw: Optional[str] = None
    note: str


async def describe(file):
    return file and received(
        filename=file.filename, content_type=file.content_type, content=base64.b64encode(await file.read()).decode()
    )


@app.post("/upload", response_model=uploaded)
async def upload_echo(
    file: UploadFile,
    maybe: Optional[UploadFile] = None,
    files: List[UploadFile] = File([]),
    raw: Optional[bytes] = File(None, max_length=4),
    note: str = Form("n"),
):
    return uploaded(
        file=await describe(file),
        maybe=await describe(maybe),
        files=[await describe(one) for one in files],
        raw=None if raw is None else base64.b64encode(raw).decode(),
        note=note,
    )


class answer_spot(BaseModel):
    spot: Optional[spot]


@app.post("/optional", response_model=answer_spot)
async def optional_echo(body: Optional[spot] = None):
    return {"spot": body}


def wire_name(field, place):
    """What a client calls a parameter."""
    return place.alias or (field.replace("_", "-") if isinstance(place, type(Header())) else field)


class kitchen(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    when: Optional[datetime.datetime] = Field(None, alias="createdAt")
    spots: Dict[str, spot] = Field({}, max_length=2)
    inner: Optional["kitchen"] = None
    more: List["kitchen"] = Field([], max_length=3)
    prices: Tuple[decimal.Decimal, decimal.Decimal]
    maybes: List[Optional[float]] = [None]
    words: Set[Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True)]] = set()


@app.post("/kitchen", response_model=kitchen)
async def kitchen_echo(body: kitchen):
    return body


def add_echo(method, path, fields, leaves_out=False):
    """`fields`: name to (type, where it comes from), as a signature has them. An answer may leave out what is null."""
    name = path.split("/")[1]
    parameters = [
        inspect.Parameter(field, inspect.Parameter.KEYWORD_ONLY, annotation=type_, default=place)
        for field, (type_, place) in fields.items()
    ]

    async def echo(**values):
        return answer.model_construct(**values)  # not validated once more

    echo.__name__ = name
    echo.__signature__ = inspect.Signature(parameters)
    answer = create_model(
        f"{name}_answer",
        **{
            field: (type_, Field(serialization_alias=wire_name(field, place)))
            for field, (type_, place) in fields.items()
        },
    )
    app.api_route(path, methods=[method], response_model=answer, response_model_exclude_none=leaves_out)(echo)


ECHOES = [
    (
        "GET",
        "/kinds",
        {
            "when": (Optional[datetime.datetime], Query(None)),
            "day": (Optional[datetime.date], Query(None)),
            "at": (Optional[datetime.time], Query(None)),
            "span": (Optional[datetime.timedelta], Query(None)),
            "id": (Optional[uuid.UUID], Query(None)),
            "price": (Optional[decimal.Decimal], Query(None, max_digits=5, decimal_places=2)),
            "site": (Optional[HttpUrl], Query(None)),
            "mail": (Optional[EmailStr], Query(None)),
            "address": (Optional[IPv4Address], Query(None)),
            "code": (Optional[str], Query(None, pattern="^[a-z]+\\d?$", max_length=5)),
            "upper": (
                Optional[Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, min_length=2)]],
                Query(None),
            ),
            "raw": (Optional[bytes], Query(None, max_length=4)),
            "coded": (Optional[Base64Bytes], Query(None)),
            "level": (Optional[level], Query(None)),
            "tint": (Optional[tint], Query(None)),
            "word": (Optional[Literal["a", "b"]], Query(None)),
            "multiple": (Optional[int], Query(None, multiple_of=5, le=100)),
            "ratio": (Optional[float], Query(None, gt=0, lt=1.5)),
            "on": (Optional[bool], Query(None)),
        },
    ),
    (
        "GET",
        "/lists",
        {
            "ints": (List[Annotated[int, Field(ge=1, le=5)]], Query()),
            "set": (Set[int], Query({3}, min_length=1, max_length=2)),
            "numbers": (List[float], Query([0.5])),
            "texts": (List[Annotated[str, Field(max_length=3)]], Query([], alias="t", max_length=2)),
            "maybe": (Optional[List[str]], Query(None)),
            "tints": (List[tint], Query([])),
            "ids": (List[uuid.UUID], Query([])),
            "flags": (List[bool], Query([])),
        },
    ),
    (
        "GET",
        "/walk/{id}/{day}/{level}/{number}/{rest:path}",
        {
            "id": (uuid.UUID, Path()),
            "day": (datetime.date, Path()),
            "level": (level, Path()),
            "number": (int, Path(ge=-5, lt=100)),
            "rest": (str, Path()),
        },
    ),
    (
        "GET",
        "/headers",
        {
            "x_token": (str, Header(min_length=2)),
            "x_count": (int, Header(3, le=9)),
            "x_tags": (List[str], Header([], max_length=2)),
            "custom": (Optional[datetime.date], Header(None, alias="X-Day")),
            "x_on": (bool, Header(False)),
        },
    ),
    (
        "GET",
        "/cookies",
        {
            "session": (str, Cookie(max_length=8)),
            "visits": (int, Cookie(1, ge=0)),
            "tint": (Optional[tint], Cookie(None)),
        },
    ),
    (
        "POST",
        "/form",
        {
            "name": (str, Form(min_length=2, max_length=5)),
            "age": (int, Form(ge=0, lt=150)),
            "tags": (List[str], Form([], max_length=3)),
            "tint": (tint, Form(tint.red)),
            "when": (Optional[datetime.datetime], Form(None, alias="at")),
            "ratio": (Optional[float], Form(None)),
            "agreed": (bool, Form(False)),
        },
    ),
    (
        "POST",
        "/several",
        {
            "spot": (spot, Body()),
            "other": (Optional[spot], Body(None)),
            "number": (int, Body(ge=1)),
            "texts": (List[str], Body(["t"], max_length=2)),
        },
    ),
    ("POST", "/embedded", {"spot": (spot, Body(embed=True))}),
    (
        "GET",
        "/absent",
        {
            "number": (int, Query(None, ge=1)),
            "texts": (List[str], Query(None, max_length=2)),
            "day": (datetime.date, Header(None)),
        },
        True,
    ),
]
for _echo in ECHOES:
    add_echo(*_echo)


def add_body(name, model):
    """Its only parameter is the body."""

    async def echo(body):
        return body

    echo.__annotations__ = {"body": model}
    echo.__name__ = name
    app.post(f"/body/{name}", response_model=model)(echo)


for _name, _model in MODELS.items():
    add_body(_name, _model)
