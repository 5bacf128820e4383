"""The JSON schema of the contract, made from the dataclasses and the texts below their fields.

python -m ganfx.spec.schema > docs/reference/model-contract.schema.json
"""

from __future__ import annotations

import ast
import collections.abc
import dataclasses
import inspect
import json
import types
import typing
from typing import Any

from ganfx.spec.model import FORMAT, ModelSpec
from ganfx.spec.reading import MAX_TEXT, Bounds, type_hints

_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean"}
_LENGTHS = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems")}


def contract_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of what is stored under `KEY`; conditions between fields are in its descriptions."""
    parts: dict[str, Any] = {}
    schema = _object(ModelSpec, parts)
    schema["properties"] = {
        "format": {"const": FORMAT, "description": "Version of the contract."},
        **schema["properties"],
    }
    schema["required"] = ["format", *schema["required"]]
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "ganfx model contract"}
    return head | schema | {"$defs": parts}


def field_texts(cls: type[Any]) -> dict[str, str]:
    """The text below each field of the dataclass `cls`, in one line."""
    body = ast.parse(inspect.getsource(cls)).body[0]
    assert isinstance(body, ast.ClassDef)
    texts = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            texts[field.target.id] = " ".join(str(ast.literal_eval(text.value)).split())
    return texts


def _object(cls: Any, parts: dict[str, Any]) -> dict[str, Any]:
    texts, hints = field_texts(cls), type_hints(cls)
    properties, required = {}, []
    for field in dataclasses.fields(cls):
        schema = _value(hints[field.name], parts) | {"description": texts[field.name]}
        if field.default is not dataclasses.MISSING:
            schema["default"] = _plain(field.default)
        elif field.default_factory is not dataclasses.MISSING:
            schema["default"] = field.default_factory()
        else:
            required.append(field.name)
        properties[field.name] = schema
    described = {"description": inspect.getdoc(cls), "type": "object", "properties": properties}
    return described | {"required": required, "additionalProperties": False}


def _value(hint: Any, parts: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        schema = _value(arguments[0], parts)
        return schema | _bounds(arguments[1], schema["type"])
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_value(arguments[0], parts), {"type": "null"}]}
    if origin is typing.Literal:
        return {"enum": list(arguments)}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _value(arguments[0], parts)}
    if origin is tuple:
        items = [_value(argument, parts) for argument in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if origin is collections.abc.Mapping:
        return {"type": "object"} | (
            {} if arguments[1] is Any else {"additionalProperties": _value(arguments[1], parts)}
        )
    if dataclasses.is_dataclass(hint):
        name = typing.cast("type[Any]", hint).__name__
        if name not in parts:
            parts[name] = _object(hint, parts)
        return {"$ref": f"#/$defs/{name}"}
    return {"type": _SCALARS[hint]} | ({"maxLength": MAX_TEXT} if hint is str else {})


def _bounds(bounds: Bounds, kind: str) -> dict[str, Any]:
    least, most = _LENGTHS.get(kind, ("minimum", "maximum"))
    limits = {least: bounds.least, most: bounds.most}
    return {key: limit for key, limit in limits.items() if abs(limit) != float("inf")}


def _plain(value: Any) -> Any:
    """`value` as JSON has it; of a dataclass only what is not the default."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: field.default for field in dataclasses.fields(value)}
        return {name: _plain(getattr(value, name)) for name in fields if getattr(value, name) != fields[name]}
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


if __name__ == "__main__":
    print(json.dumps(contract_schema(), indent=2))
