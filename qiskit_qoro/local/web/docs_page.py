"""The start page: the OpenAPI document as HTML, without external scripts, styles or images.

It looks like the web pages, but needs nothing of them: the pages may be off, and this page needs no token.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any

__all__ = ["HEADERS", "render_page"]

# Read when the service starts, because it may have no free file descriptors later.
_STYLE = files("qiskit_qoro.local.web").joinpath("docs.css").read_text(encoding="utf-8")

_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
"""The headers of the page. It may not load or run anything."""

# The name of a schema in the JSON of another one, after escaping.
_REFERENCE = re.compile(r"&quot;#/components/schemas/(\w+)&quot;")


def render_page(document: Mapping[str, Any], *, is_warning: bool, pages_path: str | None = None) -> str:
    """Render an OpenAPI document as HTML.

    Args:
        document: The document, as JSON values. It refers only to schemas of its own.
        is_warning: Whether to highlight the description as a warning.
        pages_path: The path of the web pages; ``None`` if they are off.

    Returns:
        A complete HTML page.
    """
    info = document["info"]
    prefix = document["servers"][0]["url"]
    css_class = "warning" if is_warning else "muted"
    pages_link = ""
    if pages_path is not None:
        pages_link = f'<p><a href="{escape(pages_path)}/">Jobs, systems and credits</a></p>'
    calls = [
        (method, f"{method.upper()} {prefix}{path}", operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(info['title'])}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<header><h1>{escape(info['title'])}</h1>",
        pages_link,
        f"<p>Release {escape(info['version'])}, OpenAPI {escape(document['openapi'])}: ",
        f'<a href="{escape(prefix)}/openapi.json">openapi.json</a>. Every call needs the header ',
        "<code>Authorization: Bearer &lt;token&gt;</code>.</p>",
        f'<p class="{css_class}">{escape(info["description"])}</p></header>',
        '<div class="page"><nav aria-label="Contents"><ul>',
        *(_entry(*call) for call in calls),
        '<li><a href="#schemas">Schemas</a></li></ul></nav><main><h2>Calls</h2>',
    ]
    for method, title, operation in calls:
        parts += _operation(method, title, operation)
    parts.append('<h2 id="schemas">Schemas</h2>')
    # The headings are the targets of the links in the tables above.
    for name, schema in document["components"]["schemas"].items():
        parts.append(f'<section><h3 id="{escape(name)}">{escape(name)}</h3>{_json(schema)}</section>')
    return "\n".join([*parts, "</main></div></body></html>\n"])


def _entry(method: str, title: str, operation: Mapping[str, Any]) -> str:
    link = f'<a href="#{escape(operation["operationId"])}">{escape(operation["summary"])}</a>'
    return f'<li class="{escape(method)}">{link}<code>{escape(title)}</code></li>'


def _operation(method: str, title: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<section class="{escape(method)}">'
    yield f'<h3 id="{escape(operation["operationId"])}"><code>{escape(title)}</code></h3>'
    yield f"<p>{escape(operation['summary'])}.</p>"
    body = operation.get("requestBody")
    rows = [
        (
            f"{parameter['name']} ({parameter['in']})",
            f"<code>{escape(json.dumps(parameter['schema']))}</code>",
        )
        for parameter in operation.get("parameters", ())
    ]
    if body is not None:
        rows.append(("body", _schema_links(body)))
    if rows:
        yield _table("Request", rows)
    yield _table(
        "Answers",
        [
            (status, f"{escape(response['description'])} {_schema_links(response)}")
            for status, response in operation["responses"].items()
        ],
    )
    for example in _examples(body or {}):
        yield f"<details><summary>Example of the body</summary>{_json(example)}</details>"
    yield "</section>"


def _table(caption: str, rows: list[tuple[str, str]]) -> str:
    """Return a table of names, which are escaped here, and of markup."""
    lines = [f'<tr><th scope="row">{escape(name)}</th><td>{cell}</td></tr>' for name, cell in rows]
    return f"<table><caption>{caption}</caption><tbody>{''.join(lines)}</tbody></table>"


def _schema_links(body: Mapping[str, Any]) -> str:
    schemas = [media["schema"] for media in body.get("content", {}).values()]
    return " ".join(_link(schema["$ref"]) for schema in schemas if "$ref" in schema)


def _link(reference: str) -> str:
    name = escape(reference.rpartition("/")[2])
    return f'<a href="#{name}">{name}</a>'


def _examples(body: Mapping[str, Any]) -> list[Any]:
    return [media["example"] for media in body.get("content", {}).values() if "example" in media]


def _json(value: Any) -> str:
    text = escape(json.dumps(value, indent=2))
    linked = _REFERENCE.sub(r'&quot;#/components/schemas/<a href="#\1">\1</a>&quot;', text)
    return f"<pre>{linked}</pre>"
