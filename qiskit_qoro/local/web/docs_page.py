"""The start page: the OpenAPI document as HTML, without external scripts, styles or images."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

__all__ = ["render_page"]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
code, pre { font: 14px/1.4 ui-monospace, monospace; }
pre { background: #8881; overflow-x: auto; padding: .8rem; }
h2 code { background: #8882; padding: .1rem .4rem; }
.warning { background: #fd08; padding: .6rem 1rem; }
table { border-collapse: collapse; }
td, th { border-bottom: 1px solid #8884; padding: .2rem .8rem .2rem 0; text-align: left; }
:root { color-scheme: light dark; }
"""


def render_page(document: Mapping[str, Any], *, is_warning: bool) -> str:
    """Render an OpenAPI document as HTML.

    Args:
        document: The document, as JSON values. It refers only to schemas of its own.
        is_warning: Whether to highlight the description as a warning.

    Returns:
        A complete HTML page.
    """
    info = document["info"]
    prefix = document["servers"][0]["url"]
    css_class = ' class="warning"' if is_warning else ""
    parts = [
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>',
        f"<style>{_STYLE}</style></head><body><h1>{escape(info['title'])}</h1>",
        f"<p>Release {escape(info['version'])}, OpenAPI {escape(document['openapi'])}: ",
        f'<a href="{escape(prefix)}/openapi.json">openapi.json</a>. Every call needs the header ',
        "<code>Authorization: Bearer &lt;token&gt;</code>.</p>",
        f"<p{css_class}>{escape(info['description'])}</p>",
    ]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts += _operation(f"{method.upper()} {prefix}{path}", operation)
    parts.append("<h1>Schemas</h1>")
    # The headings are the targets of the links in the tables above.
    for name, schema in document["components"]["schemas"].items():
        parts.append(f'<h3 id="{escape(name)}">{escape(name)}</h3>{_json(schema)}')
    return "\n".join([*parts, "</body></html>\n"])


def _operation(title: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f'<h2 id="{escape(operation["operationId"])}"><code>{escape(title)}</code></h2>'
    yield f"<p>{escape(operation['summary'])}.</p><table>"
    for parameter in operation.get("parameters", ()):
        name = escape(f"{parameter['name']} ({parameter['in']})")
        yield f"<tr><th>{name}</th><td><code>{escape(json.dumps(parameter['schema']))}</code></td></tr>"
    if "requestBody" in operation:
        yield f"<tr><th>body</th><td>{_schema_links(operation['requestBody'])}</td></tr>"
    for status, response in operation["responses"].items():
        description = escape(response["description"])
        yield f"<tr><th>{escape(status)}</th><td>{description} {_schema_links(response)}</td></tr>"
    yield "</table>"


def _schema_links(body: Mapping[str, Any]) -> str:
    schemas = [media["schema"] for media in body.get("content", {}).values()]
    return " ".join(_link(schema["$ref"]) for schema in schemas if "$ref" in schema)


def _link(reference: str) -> str:
    name = escape(reference.rpartition("/")[2])
    return f'<a href="#{name}">{name}</a>'


def _json(schema: Any) -> str:
    return f"<pre>{escape(json.dumps(schema, indent=2))}</pre>"
