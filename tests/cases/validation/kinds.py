"""The models of kinds.json: every kind of value that a schema knows beyond the plain ones of
record.py, which asks a real FastAPI about them. The same models as tables:
tests/unit/json/kind_schemas.c, in this order.
"""

import datetime
import decimal
import uuid
from enum import Enum, IntEnum
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Dict, List, Literal, Optional, Set, Tuple, Union

from pydantic import (AfterValidator, AnyUrl, AwareDatetime, Base64Bytes, BaseModel, ConfigDict,
                      EmailStr, Field, FutureDate, FutureDatetime, HttpUrl, NaiveDatetime,
                      PastDate, PastDatetime, RootModel, StringConstraints, UUID4, create_model,
                      model_validator)


class tint(str, Enum):
    red = "red"
    green = "green"


class level(IntEnum):
    low = 1
    high = 2


class spot(BaseModel):
    x: int
    y: int = 1


class cat(BaseModel):
    kind: Literal["cat", "kitten"]
    lives: int


class dog(BaseModel):
    kind: Literal["dog"]
    good: bool = True


class one(BaseModel):
    x: int
    y: int = 1


class two(BaseModel):
    x: int
    z: Optional[int] = None


class alias(BaseModel):
    model_config = ConfigDict(populate_by_name=True)
    model_version: int = Field(alias="modelVersion")
    b: int = Field(alias="bB", default=3)


class alias_only(BaseModel):
    model_config = ConfigDict(extra="forbid")
    model_version: int = Field(alias="modelVersion")


class alias_strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    when: int = Field(alias="createdAt")


class alias_more(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True)
    when: int = Field(alias="createdAt")
    then: int = Field(alias="x", default=3)


class strict(BaseModel):
    model_config = ConfigDict(strict=True)
    i: int
    s: Optional[str] = None
    c: Optional[tint] = None
    l: Optional[List[int]] = None
    t: Optional[Tuple[int, int]] = None
    f: Optional[float] = None
    st: Optional[Set[int]] = None
    o: Optional[spot] = None
    b: Optional[bool] = None


class allow(BaseModel):
    model_config = ConfigDict(extra="allow")
    x: int


class numbers(RootModel[Annotated[List[int], Field(max_length=3)]]):
    pass


class spots(RootModel[List[spot]]):
    pass


class shape_of(BaseModel):
    pet: Annotated[Union[cat, dog], Field(discriminator="kind")]
    pets: List[Annotated[Union[cat, dog], Field(discriminator="kind")]] = []
    by_name: Dict[str, Annotated[Union[cat, dog], Field(discriminator="kind")]] = {}


def check_even(value):
    if value % 2:
        raise ValueError("must be even")
    return value


def check_known(value):
    if "a" not in value:
        raise ValueError("a is missing")
    return value


class whole(BaseModel):
    start: datetime.date
    end: datetime.date

    @model_validator(mode="after")
    def ordered(self):
        if self.start > self.end:
            raise ValueError("start is after end")
        return self


FIELDS = {
    "datetime": (datetime.datetime, ...),
    "date": (datetime.date, ...),
    "time": (datetime.time, ...),
    "duration": (datetime.timedelta, ...),
    "datetime_opt": (Optional[datetime.datetime], None),
    "past": (PastDatetime, ...),
    "future": (FutureDatetime, ...),
    "past_date": (PastDate, ...),
    "future_date": (FutureDate, ...),
    "aware": (AwareDatetime, ...),
    "naive": (NaiveDatetime, ...),
    "uuid": (uuid.UUID, ...),
    "uuid4": (UUID4, ...),
    "bytes": (bytes, Field(..., min_length=2, max_length=4)),
    "base64": (Base64Bytes, Field(..., max_length=4)),
    "decimal": (decimal.Decimal, ...),
    "decimal_limits": (decimal.Decimal, Field(..., max_digits=5, decimal_places=2, ge=1, le=500.5)),
    "decimal_multiple": (decimal.Decimal, Field(..., multiple_of=0.5)),
    "any": (Any, ...),
    "url": (AnyUrl, ...),
    "http_url": (HttpUrl, ...),
    "email": (EmailStr, ...),
    "ipv4": (IPv4Address, ...),
    "ipv6": (IPv6Address, ...),
    "pattern": (str, Field(..., pattern="^[a-z]+\\d?$")),
    "pattern_len": (str, Field(..., pattern="b", min_length=2, max_length=3)),
    "lower": (Annotated[str, StringConstraints(to_lower=True, max_length=3)], ...),
    "upper": (Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True,
                                               min_length=2)], ...),
    "strip": (Annotated[str, StringConstraints(strip_whitespace=True, max_length=2)], ...),
    "multiple": (int, Field(..., multiple_of=5, le=100)),
    "multiple_float": (float, Field(..., multiple_of=0.5)),
    "one_word": (Literal["only"], ...),
    "words": (Literal["a", "b"], ...),
    "mixed": (Literal["a", 1, True, None], ...),
    "ints": (Literal[1, 2], ...),
    "level": (level, ...),
    "level_opt": (Optional[level], None),
    "map": (Dict[str, int], Field(..., min_length=1, max_length=2)),
    "map_keys": (Dict[Annotated[str, Field(pattern="^[a-z]+$", max_length=3)],
                      Annotated[int, Field(ge=1)]], ...),
    "map_int": (Dict[int, spot], ...),
    "map_uuid": (Dict[uuid.UUID, List[int]], ...),
    "map_tint": (Dict[tint, str], ...),
    "map_limit": (Dict[Annotated[int, Field(ge=3)], int], ...),
    "map_any": (Dict[str, Any], {}),
    "map_map": (Dict[str, Dict[str, int]], ...),
    "set": (Set[int], Field(..., min_length=1, max_length=2)),
    "set_str": (Set[str], ...),
    "set_date": (Set[datetime.date], ...),
    "pair": (Tuple[float, float], ...),
    "triple": (Tuple[int, str, spot], ...),
    "matrix": (List[List[Annotated[int, Field(ge=0)]]], ...),
    "maybes": (List[Optional[int]], ...),
    "uuids": (List[uuid.UUID], Field(..., max_length=2)),
    "sets": (List[Set[int]], ...),
    "texts": (List[Annotated[str, Field(min_length=2, pattern="^a")]], ...),
    "even": (Annotated[List[Annotated[int, AfterValidator(check_even)]], Field(max_length=9)], ...),
    "known": (Annotated[Dict[str, int], AfterValidator(check_known)], ...),
    "strict_int": (Annotated[int, Field(strict=True)], ...),
    "strict_float": (Annotated[float, Field(strict=True)], ...),
    "strict_datetime": (Annotated[datetime.datetime, Field(strict=True)], ...),
    "strict_uuid": (Annotated[uuid.UUID, Field(strict=True)], ...),
    "strict_bytes": (Annotated[bytes, Field(strict=True)], ...),
    "strict_decimal": (Annotated[decimal.Decimal, Field(strict=True)], ...),
    "strict_tint": (Annotated[tint, Field(strict=True)], ...),
    "factory": (List[int], Field(default_factory=lambda: [7])),
    "deprecated": (int, Field(3, deprecated=True)),
    "int_or_str": (Union[int, str], ...),
    "bounded": (Union[Annotated[int, Field(ge=5)], Annotated[str, Field(min_length=3)], List[int],
                      Dict[str, int]], ...),
    "named": (Union[tint, level, datetime.datetime, datetime.date, uuid.UUID], ...),
    "literal_or": (Union[Literal["a", "b"], Literal[1], bool, float], ...),
    "models": (Union[one, two], ...),
    "parts": (Union[Set[int], Tuple[int, str], decimal.Decimal, bytes, datetime.timedelta,
                    datetime.time], ...),
    "in_order": (Annotated[Union[int, str, float], Field(union_mode="left_to_right")], ...),
    "list_of": (List[Union[int, Annotated[float, Field(ge=0)], spot]], ...),
    "maybe_models": (Optional[Union[one, two]], None),
    "pet": (Annotated[Union[cat, dog], Field(discriminator="kind")], ...),
}
MODELS = {f"k_{name}": create_model(f"k_{name}", v=field) for name, field in FIELDS.items()}
MODELS |= {model.__name__: model for model in
           (alias, alias_only, alias_strict, alias_more, strict, allow, numbers, spots, shape_of,
            whole)}
