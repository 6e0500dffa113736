"""Schemas as pydantic writes them for OpenAI's client, into packages/serve/fixtures/schemas/pydantic.json.

    python scripts/reference/pydantic_schemas.py
"""

import datetime
import decimal
import enum
import ipaddress
import json
import pathlib
import sys
import uuid
from typing import Annotated, Any, Literal, Optional, Union

import openai
import pydantic
from openai.lib._pydantic import to_strict_json_schema
from pydantic import BaseModel, ConfigDict, Field


class Colour(str, enum.Enum):
    red = "red"
    green = "green"


class Level(enum.IntEnum):
    low = 1
    high = 2


class Step(BaseModel):
    explanation: str
    output: str


class MathReasoning(BaseModel):
    steps: list[Step]
    final_answer: str


class Optionals(BaseModel):
    """Fields that may be left out or null."""

    name: Optional[str] = None
    age: Optional[int] = Field(default=None, ge=0, le=150, description="in years", examples=[7])
    colour: Colour = Colour.red
    level: Level


class Dates(BaseModel):
    day: datetime.date
    at: datetime.datetime
    time: datetime.time
    took: datetime.timedelta


class Names(BaseModel):
    id: uuid.UUID
    host: ipaddress.IPv4Address
    six: ipaddress.IPv6Address


class Page(BaseModel):
    url: pydantic.HttpUrl


class AnyPage(BaseModel):
    url: pydantic.AnyUrl


class Secrets(BaseModel):
    password: pydantic.SecretStr
    raw: bytes


class Place(BaseModel):
    path: pathlib.Path


class Price(BaseModel):
    price: decimal.Decimal


class Code(BaseModel):
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}\d+$", min_length=4, max_length=8)]
    word: Annotated[str, pydantic.StringConstraints(strip_whitespace=True, min_length=1, max_length=20)]


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    tricks: list[str]


class Pets(BaseModel):
    pet: Annotated[Union[Cat, Dog], Field(discriminator="kind")]
    other: Union[Cat, Dog]


class Node(BaseModel):
    value: int
    children: list["Node"] = []


class Scores(BaseModel):
    scores: dict[str, float]
    by_colour: dict[Colour, int]
    any: Any
    loose: dict


class Tuples(BaseModel):
    pair: tuple[int, str]
    many: tuple[float, ...]
    few: Annotated[list[int], Field(min_length=1, max_length=3)]


class Sets(BaseModel):
    tags: set[str]


class Steps(BaseModel):
    by_five: Annotated[int, Field(multiple_of=5)]


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"x-owner": "us"})
    a: Annotated[float, Field(gt=0, lt=1)]


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: Literal[1, 2, "three", None, True]


models = [
    MathReasoning, Optionals, Dates, Names, Page, AnyPage, Secrets, Place, Price, Code, Pets, Node, Scores, Tuples,
    Sets, Steps, Closed, Open,
]
schemas = {model.__name__: model.model_json_schema() for model in models}
for model in (MathReasoning, Optionals, Pets, Node, Code):
    schemas[f"{model.__name__}, strict"] = to_strict_json_schema(model)
json.dump(
    {"versions": {"python": sys.version.split()[0], "pydantic": pydantic.VERSION, "openai": openai.__version__}, "schemas": schemas},
    sys.stdout,
    indent=1,
)
