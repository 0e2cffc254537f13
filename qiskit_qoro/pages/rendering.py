"""Render templates: a page is a frame around a fixed and a live part.

The live part replaces itself as long as something may change. The browser sends the digest of the part that
it shows, and gets a new one only if the digest has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from typing import Any
from urllib.parse import quote

from jinja2 import Environment
from markupsafe import Markup

from qiskit_qoro.display.cards import level_of_status
from qiskit_qoro.display.identifiers import short_identifiers
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.display.templating import template_environment
from qiskit_qoro.display.times import ago, duration, exact_time

__all__ = ["Page", "digest_of", "path_segment", "render_frame", "render_part"]

_PACKAGE = "qiskit_qoro.pages"


@dataclass(frozen=True)
class Page:
    """What a handler returns: two templates and their values.

    Attributes:
        title: The title of the page.
        live: The template of the part that changes by itself.
        values: The values of both templates.
        fixed: The template of the part above it that does not change, such as a form; empty for none.
        section: The entry of the navigation that the page belongs to.
        refresh_s: After how many seconds the live part is requested again; ``None`` if nothing can change.
        status: The status code.
    """

    title: str
    live: str
    values: Mapping[str, Any] = field(default_factory=dict)
    fixed: str = ""
    section: str = ""
    refresh_s: int | None = None
    status: int = 200


def render_part(template: str, values: Mapping[str, Any], now: datetime) -> Markup:
    """Render a part of a page.

    Args:
        template: The name of the template.
        values: Its values.
        now: The present, in the time zone of the dates that are shown.
    """
    times = {"ago": partial(ago, now=now), "exact_time": partial(exact_time, now=now)}
    rendered = _environment().get_template(template).render({**values, **times})
    # JSON of a service may contain one half of a surrogate pair, which UTF-8 cannot express.
    rendered = rendered.encode(errors="replace").decode()
    return Markup(rendered)  # noqa: S704 - the template has escaped all values


@cache
def _environment() -> Environment:
    environment = template_environment(_PACKAGE)
    environment.filters["level"] = level_of_status
    environment.filters["counted"] = counted
    environment.filters["duration"] = duration
    environment.filters["digits"] = _digits
    environment.filters["segment"] = path_segment
    environment.filters["sentence"] = _sentence
    environment.filters["short_id"] = lambda job_id: short_identifiers([job_id])[job_id]
    return environment


def path_segment(text: str) -> str:
    """Return a text as one segment of the path of an address."""
    return quote(text, safe="", errors="replace")


def _digits(value: float) -> str:
    """Return a number with six significant digits and a minus sign for a hyphen."""
    return f"{value:.6g}".replace("-", "\N{MINUS SIGN}")


def _sentence(text: str) -> str:
    """Return a reason as a sentence: with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."


def digest_of(part: str) -> str:
    """Return a short text that differs for different parts."""
    return hashlib.sha256(part.encode()).hexdigest()[:16]


def render_frame(page: Page, live: Markup, values: Mapping[str, Any], now: datetime) -> str:
    """Render a whole page around its live part."""
    fixed = render_part(page.fixed, {**values, **page.values}, now) if page.fixed else Markup()
    frame = {"page": page, "fixed": fixed, "live": live, "digest": digest_of(live)}
    return render_part("frame.html", {**values, **frame}, now)
