"""The linter of the prose: it finds what it should, and nothing in code."""

from __future__ import annotations

import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "docs"))

from prose_text import prose_of_docstring, prose_of_page

PAGE = """---
file_format: mystnb
---
(target)=
# The title

A sentence with `code`, [a link](page.md "title"), a formula $x_{simply}$ and
a phrase that goes
on. {py:meth}`utilize`

```{code-cell} python
---
mystnb:
  image:
    alt: A histogram.
  figure:
    caption: The counts.
---
in_order_to("simply")
```

:::{note}
:class: simply
A note.
:::

| one | two |
|---|---|
| `simply` | three |

- first
- second

<!-- prose: off -->
Utilize this.
<!-- prose: on -->

$$\\sum simply$$

Last.
"""


def words(text: str) -> list[str]:
    return [" ".join(re.sub("¤", "C", line).split()) for line in text.split("\n") if line.strip()]


def test_only_the_prose_of_a_page_is_left() -> None:
    assert words(prose_of_page(PAGE)) == [
        "The title",
        "A sentence with C , a link , a formula C and a phrase that goes on. C",
        "A histogram.",
        "The counts.",
        "A note.",
        "one",
        "two",
        "C",
        "three",
        "first",
        "second",
        "C",
        "Last.",
    ]


def test_every_place_stays_the_same() -> None:
    prose = prose_of_page(PAGE)

    assert len(prose) == len(PAGE)
    assert prose.index("Last.") == PAGE.index("Last.")


def test_only_the_prose_of_a_docstring_is_left() -> None:
    text = """Return ``simply`` a value.

    See :meth:`utilize`::

        leverage(it)

    >>> utilize
    'it'

    Args:
        utilize: The argument, on
            two lines.
        other (int): Another one.
    """

    assert words(prose_of_docstring(text)) == [
        "Return C a value.",
        "See C ::",
        "The argument, on two lines.",
        "Another one.",
    ]
