"""Scales of charts: where a value is drawn, which ticks an axis has, and which colour a value has."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, isfinite, log10

__all__ = [
    "Scale",
    "colour_of",
    "format_number",
    "format_with_error",
    "is_flat",
    "round_step",
    "scale_of",
    "share_between",
]

# The colour map viridis at equal distances. It is perceptually uniform, and readable in shades of grey.
_VIRIDIS = (
    (68, 1, 84),
    (72, 36, 117),
    (65, 68, 135),
    (53, 95, 141),
    (42, 120, 142),
    (33, 145, 140),
    (34, 168, 132),
    (68, 191, 112),
    (122, 209, 81),
    (189, 223, 38),
    (253, 231, 37),
)


@dataclass(frozen=True)
class Scale:
    """A linear map from values to pixels.

    Attributes:
        low: The value at ``start``.
        high: The value at ``stop``, ``low`` or more.
        start: A position in pixels.
        stop: The other position.
    """

    low: float
    high: float
    start: float
    stop: float

    def place(self, value: float) -> float:
        """Return the position of a value; the middle if the scale has a single value."""
        return self.start + share_between(value, self.low, self.high) * (self.stop - self.start)

    def ticks(self, about: int) -> list[tuple[float, str]]:
        """Return round values within the scale, with their texts.

        Args:
            about: There are about this many or fewer.
        """
        if is_flat(self.low, self.high):
            return [(self.low, format_number(self.low))]
        if not isfinite(self.high - self.low):
            return [(self.low, format_number(self.low)), (self.high, format_number(self.high))]
        step = round_step((self.high - self.low) / about)
        slack = step * 1e-9
        numbers = range(ceil((self.low - slack) / step), floor((self.high + slack) / step) + 1)
        largest = max(abs(self.low), abs(self.high))
        if 1e-3 <= largest < 1e4:
            decimals = max(0, -floor(log10(step) + 1e-9))
            return [(number * step, _with_minus(f"{number * step:.{decimals}f}")) for number in numbers]
        return [(number * step, format_number(number * step)) for number in numbers]


def is_flat(low: float, high: float) -> bool:
    """Whether two values are equal, up to rounding."""
    return not high / 2 - low / 2 > 1e-12 * max(abs(low), abs(high))


def share_between(value: float, low: float, high: float) -> float:
    """Return where a value is between two others, 0 to 1 if it is between them; 0.5 if these are equal."""
    if is_flat(low, high):
        return 0.5
    # The difference of two large numbers may be infinite, but not that of their halves.
    return (value / 2 - low / 2) / (high / 2 - low / 2)


def scale_of(low: float, high: float, start: float, stop: float) -> Scale:
    """Return a scale from ``low`` to the first round value that is not below ``high``."""
    if is_flat(low, high) or not isfinite(high - low):
        return Scale(low, max(high, low + 1.0), start, stop)
    step = round_step((high - low) / 5)
    return Scale(low, low + step * ceil((high - low) / step - 1e-9), start, stop)


def round_step(step: float) -> float:
    """Return the first of 1, 2 and 5 times a power of 10 that is not below a step."""
    power = 10.0 ** floor(log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9))


def colour_of(share: float) -> str:
    """Return the colour of a value, as ``#rrggbb``.

    Args:
        share: Where the value is between the lowest (0) and the highest one (1).
    """
    place = share * (len(_VIRIDIS) - 1)
    index = min(int(place), len(_VIRIDIS) - 2)
    part = place - index
    pairs = zip(_VIRIDIS[index], _VIRIDIS[index + 1], strict=True)
    return "#" + "".join(f"{round(low + part * (high - low)):02x}" for low, high in pairs)


def format_number(value: float) -> str:
    """Return a number with four significant digits, a minus sign for a hyphen, and a short exponent.

    Integers, which are counts, have all of their digits.
    """
    if isinstance(value, int):
        return _with_minus(f"{value:,}")
    text = f"{value:.4g}"
    mantissa, e, exponent = text.partition("e")
    return _with_minus(f"{mantissa}e{int(exponent)}" if e else text)


def format_with_error(value: float, error: float | None) -> str:
    """Return a value with its standard error, such as ``0.981 ± 0.021``.

    The error has two significant digits, and the value has as many decimals as the error.

    Args:
        value: The value.
        error: Its standard error, or ``None`` if unknown. Then the value has four significant digits.
    """
    if error is None or not isfinite(error) or not isfinite(value):
        return format_number(float(value))
    if not 1e-12 < error < 1e6 or abs(value) >= 1e6:
        return f"{format_number(float(value))} ± {format_number(float(error))}"
    decimals = max(0, 1 - floor(log10(error)))
    return f"{_with_minus(f'{value:.{decimals}f}')} ± {error:.{decimals}f}"


def _with_minus(text: str) -> str:
    return text.replace("-", "−")
