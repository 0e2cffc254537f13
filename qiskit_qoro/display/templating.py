"""Jinja2 templates that escape every value."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from qiskit_qoro.printable import printable_line, printable_text

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["template_environment"]


@cache
def template_environment(package: str) -> Environment:
    """Return the environment of the folder ``templates`` of a package.

    The filters ``line`` and ``lines`` escape control characters. Markup is always escaped.

    Args:
        package: The name of the package.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - most programs show no card

    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["line"] = lambda value: printable_line(str(value))
    environment.filters["lines"] = lambda value: printable_text(str(value))
    return environment
