"""The OpenAPI document of the service, made from its operations, and the same as a page."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter
from starlette.routing import Route

from ganfx import __version__
from ganfx.server.operations import Operation, operation_of, summary_of
from ganfx.server.replies import FailureReply

_REFERENCE = "#/components/schemas/{model}"
_ABOUT = (
    "ganfx for programs on this computer. Each request needs the token of the file server.json in the state folder; "
    "docs/service.md tells more."
)
_BYTES = {"type": "string", "format": "binary"}


def openapi(routes: Sequence[Route]) -> dict[str, Any]:
    """The document, of version 3.1."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for route in routes:
        found = operation_of(route.endpoint)
        name = re.sub(r"\W+", "_", f"{found.method.lower()}{found.path}").strip("_")
        described = {"operationId": name, "summary": summary_of(route.endpoint), **_described(found, schemas)}
        paths.setdefault(found.path, {})[found.method.lower()] = described
    return {
        "openapi": "3.1.0",
        "info": {"title": "ganfx", "version": __version__, "description": _ABOUT},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{"token": []}],
    }


def _described(found: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    ids = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", found.path)
    ]
    query = [{"name": name, "in": "query", "schema": dict(schema)} for name, schema in found.query.items()]
    answer: dict[str, Any] = {"description": "done"}
    if found.answer is not None:
        answer["content"] = _content(found.answer, schemas)
    failure = {"description": "it cannot be done", "content": _content(FailureReply, schemas)}
    described: dict[str, Any] = {"responses": {str(found.status): answer, "default": failure}}
    if ids or query:
        described["parameters"] = [*ids, *query]
    if found.body is not None:
        described["requestBody"] = {"required": True, "content": _content(found.body, schemas)}
    return described


def _content(kind: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """The media type and the schema of `kind`; types that it names are added to `schemas`."""
    if isinstance(kind, str):
        return {kind: {"schema": _BYTES}}
    schema = TypeAdapter(kind).json_schema(ref_template=_REFERENCE)
    schemas.update(schema.pop("$defs", {}))
    schemas[kind.__name__] = schema
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=kind.__name__)}}}


def as_page(document: dict[str, Any], style: str) -> str:
    """The document as HTML without scripts; `style` is the address of a style sheet."""
    parts = [f"<h1>{_safe(document['info']['title'])}</h1><p>{_safe(document['info']['description'])}</p>"]
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            details = {key: found[key] for key in ("parameters", "requestBody", "responses") if key in found}
            parts.append(
                f"<h2><code>{_safe(method.upper())} {_safe(path)}</code></h2><p>{_safe(found['summary'])}</p>"
                f"<details><summary>Takes and gives</summary><pre>{_dumped(details)}</pre></details>"
            )
    for name, schema in document["components"]["schemas"].items():
        parts.append(f"<h2 id='{_safe(name)}'>{_safe(name)}</h2><pre>{_dumped(schema)}</pre>")
    head = f"<meta charset='utf-8'><title>ganfx: API</title><link rel='stylesheet' href='{_safe(style)}'>"
    return f"<!doctype html><html lang='en'><head>{head}</head><body class='api'>{''.join(parts)}</body></html>"


def _dumped(value: Any) -> str:
    return _safe(json.dumps(value, indent=2))


def _safe(text: str) -> str:
    return html.escape(text, quote=True)
