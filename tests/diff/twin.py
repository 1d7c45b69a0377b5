"""The twin: one application, written here with FastAPI and in twin/ with Serval.

Both must tell the same in OpenAPI (tests/e2e/test_openapi.py) and on the wire. A section here is a router
there, operations in the same order under the same names.

    uvicorn twin:app
"""
import datetime
import decimal
import enum
import uuid
from collections.abc import AsyncIterable
from typing import Annotated, Literal

from fastapi import APIRouter, Body, Cookie, Depends, FastAPI, Form, Header, Path, Query, UploadFile
from fastapi.responses import PlainTextResponse, RedirectResponse
from fastapi.security import (APIKeyCookie, APIKeyHeader, APIKeyQuery, HTTPAuthorizationCredentials, HTTPBasic,
                              HTTPBearer, OAuth2PasswordBearer)
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import Base64Bytes, BaseModel, ConfigDict, EmailStr, Field, HttpUrl, RootModel

app = FastAPI(title="Twin", version="1.0.0", description="The same application twice.")


# Section: models. Scalars, bounds, defaults, null, enums, lists, nested models.

class Color(str, enum.Enum):
    red = "red"
    green = "green"


class Size(BaseModel):
    width: int = Field(gt=0)
    height: int = Field(gt=0, lt=10000)


class Item(BaseModel):
    name: str = Field(min_length=1, max_length=20, description="As printed on the label")
    price: float = Field(ge=0, le=1000000)
    count: int = Field(default=1, ge=1, le=100)
    on_sale: bool = False
    note: str | None = None
    owner: str | None = Field(max_length=30)
    color: Color = Color.red
    size: Size
    spare: Size | None = None
    sizes: list[Size] = Field(min_length=1, max_length=3)
    labels: list[str] = []
    ratios: list[float] | None = None


class Receipt(BaseModel):
    id: int
    total: float
    item: Item


@app.post("/items", response_model=Receipt, status_code=201)
def create_item(item: Item):
    return {"id": 1, "total": item.price * item.count, "item": item}


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    x: int


@app.put("/strict", response_model=Strict)
def echo_strict(body: Strict):
    return body


@app.put("/optional", response_model=Size)
def optional_size(body: Size | None = None):
    return body or Size(width=1, height=1)


# Section: parameters. Path, query, header, cookie; hidden, deprecated, in dependencies.

class Params(BaseModel):
    text: str


@app.get("/params/{item_id}", response_model=Params)
def read_params(item_id: Annotated[int, Path(ge=1, description="Which one")],
                limit: Annotated[int, Query(ge=1, le=100)] = 10,
                ratio: Annotated[float, Query(gt=0, lt=1)] = 0.5,
                q: Annotated[str, Query(max_length=5)] = None,
                tags: Annotated[list[str], Query()] = [],
                color: Color = Color.green,
                old: Annotated[bool, Query(deprecated=True)] = False,
                secret: Annotated[bool, Query(include_in_schema=False)] = False,
                x_token: Annotated[str, Header(min_length=2)] = "none",
                session: Annotated[str | None, Cookie()] = None):
    return {"text": f"{item_id} {limit} {ratio} {q} {tags} {color.value} {old} {secret} {x_token} {session}"}


@app.get("/files/{rest:path}", response_model=Params)
def read_rest(rest: str):
    return {"text": rest}


def paging(limit: Annotated[int, Query(ge=1, le=50)] = 10, offset: Annotated[int, Query(ge=0)] = 0,
           x_trace: Annotated[str | None, Header()] = None):
    return f"{limit} {offset} {x_trace}"


@app.get("/paged", response_model=Params)
def read_paged(page: Annotated[str, Depends(paging)], limit: Annotated[int, Query(ge=1, le=50)] = 10,
               sort: str = "name"):
    return {"text": f"{page} {limit} {sort}"}


# Section: forms and files.

@app.post("/form", response_model=Params)
def send_form(name: Annotated[str, Form(min_length=1)], age: Annotated[int, Form(ge=0)] = 1,
              nick: Annotated[str | None, Form()] = None):
    return {"text": f"{name} {age} {nick}"}


@app.post("/upload", response_model=Params)
def upload(file: UploadFile, more: list[UploadFile] = [], title: Annotated[str, Form()] = ""):
    return {"text": f"{file.filename} {len(more)} {title}"}


# Section: routers, tags, statuses, methods, descriptions.

router = APIRouter(prefix="/api/v1", tags=["first", "second"])


@router.get("/thing", tags=["own"], summary="One thing", description="With *Markdown*.", response_model=Params)
def thing():
    return {"text": "thing"}


@router.delete("/thing", status_code=204)
def delete_thing():
    return None


@router.patch("/thing/{thing_id}/v2.0", response_model=Params, deprecated=True)
def change_thing_v2(thing_id: str):
    return {"text": thing_id}


@router.get("/hidden", include_in_schema=False)
def hidden_thing():
    return {}


app.include_router(router)


# Section: security.

bearer = HTTPBearer(description="The token")
basic = HTTPBasic(auto_error=False)
header_key = APIKeyHeader(name="X-API-Key", auto_error=False)
query_key = APIKeyQuery(name="api_key", auto_error=False)
cookie_key = APIKeyCookie(name="key", auto_error=False)
password = OAuth2PasswordBearer(tokenUrl="token", auto_error=False)


@app.get("/secure/bearer", response_model=Params)
def read_bearer(token: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]):
    return {"text": token.credentials}


@app.get("/secure/any", response_model=Params, dependencies=[Depends(basic), Depends(header_key), Depends(query_key),
                                                             Depends(cookie_key), Depends(password)])
def read_any():
    return {"text": "any"}


# Section: kinds. Every other type that a field may have.

class Level(enum.IntEnum):
    low = 1
    high = 2


class Kinds(BaseModel):
    model_config = ConfigDict(extra="allow")
    moment: datetime.datetime
    day: datetime.date
    hour: datetime.time | None = None
    span: datetime.timedelta
    id: uuid.UUID
    version4: uuid.UUID | None = None
    raw: bytes = Field(min_length=1, max_length=8)
    packed: Base64Bytes
    mail: EmailStr
    site: HttpUrl
    level: Level = Level.low
    mode: Literal["fast", "exact"]
    only: Literal["one"] = "one"
    code: str = Field(pattern=r"^[a-z]+$")
    even: int = Field(multiple_of=2)
    numbers: dict[str, int] = {}
    sizes: dict[str, Size] = Field(default={}, max_length=4)
    point: Annotated[list[float], Field(min_length=2, max_length=2)]
    words: set[str] = Field(default=[], max_length=3)
    grid: list[list[int]] = []
    colors: list[Color] = []
    alias: str = Field(alias="otherName")
    titled: int = Field(default=3, title="A title", examples=[4], deprecated=True)


@app.post("/kinds", response_model=Kinds)
def echo_kinds(body: Kinds):
    return body


class Amount(BaseModel):
    amount: decimal.Decimal


@app.post("/amount", response_model=Amount)
def echo_amount(body: Amount):
    return body


class Node(BaseModel):
    value: int
    next: "Node | None" = None
    children: "list[Node]" = []


@app.post("/node", response_model=Node)
def echo_node(body: Node):
    return body


# Section: unions.

class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Owner(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]
    id: int | str


@app.post("/owner", response_model=Owner)
def echo_owner(body: Owner):
    return body


# Section: bodies. A list, several parameters in one, forms that may be empty.

class Sizes(RootModel[list[Size]]):
    pass


@app.post("/sizes", response_model=Sizes)
def echo_sizes(body: Sizes):
    return body


@app.post("/several", response_model=Params)
def take_several(one: Size, other: Strict, times: Annotated[int, Body(gt=0)] = 1):
    return {"text": f"{one.width} {other.x} {times}"}


@app.post("/few", response_model=Params)
def take_few(one: Size | None = None, times: Annotated[int, Body()] = 1):
    return {"text": f"{one.width if one else 0} {times}"}


@app.post("/loose", response_model=Params)
def send_loose(nick: Annotated[str | None, Form()] = None, age: Annotated[int, Form()] = 1):
    return {"text": f"{nick} {age}"}


# Section: streams.

@app.post("/stream", response_class=EventSourceResponse)
async def stream_sizes(body: Strict) -> AsyncIterable[Size]:
    for i in range(body.x):
        yield Size(width=i + 1, height=1)


@app.get("/words", response_class=EventSourceResponse)
async def stream_words():
    yield ServerSentEvent(raw_data="one")
    yield ServerSentEvent(raw_data="two")


# Section: answers that are no models.

@app.get("/raw")
def raw():
    return {"anything": [1, 2]}


@app.get("/text", response_class=PlainTextResponse)
def plain():
    return "plain"


@app.get("/away", response_class=RedirectResponse, status_code=307)
def away():
    return "/raw"
