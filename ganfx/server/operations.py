"""What each route takes and gives, said at its handler: the routes and the OpenAPI document are made from it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.routing import Route

# The media type of pixels and files.
BYTES = "application/octet-stream"
_KEY = "__operation__"
_Handler = TypeVar("_Handler", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    method   GET, POST or DELETE
    path     as in Starlette's routes
    body     the JSON that it takes, or the media type of bytes; None: no body
    answer   the type of the JSON that it gives, or the media type of anything else; None: nothing
    status   of the answer where all is well
    query    the JSON schemas of its parameters, by name
    """

    method: str
    path: str
    body: type[BaseModel] | str | None = None
    answer: Any = None
    status: int = 200
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def operation(method: str, path: str, **more: Any) -> Callable[[_Handler], _Handler]:
    """Make a method the handler of an operation; the first sentence of its docstring says what that is for."""

    def marked(handler: _Handler) -> _Handler:
        setattr(handler, _KEY, Operation(method, path, **more))
        return handler

    return marked


def routes_of(owner: object) -> list[Route]:
    """A route for each operation among the methods of `owner`, in their order."""
    handlers = [getattr(owner, name) for name, value in vars(type(owner)).items() if hasattr(value, _KEY)]
    return [Route(operation_of(one).path, one, methods=[operation_of(one).method]) for one in handlers]


def operation_of(handler: Callable[..., Any]) -> Operation:
    """The operation of a handler."""
    found = getattr(handler, _KEY)
    assert isinstance(found, Operation)
    return found


def summary_of(handler: Callable[..., Any]) -> str:
    """What the operation is for, in one sentence."""
    first = (inspect.getdoc(handler) or "").split("\n\n")[0]
    return " ".join(first.split())
