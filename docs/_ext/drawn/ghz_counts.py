"""The circuit of the README and its counts. The README shows the figure, so it is a file of its own."""

from collections.abc import Mapping

from drawn.canvas import Canvas

__all__ = ["STYLE", "draw_ghz_counts"]

STYLE = """
svg {
  --back: #ffffff; --text: #1f2328; --soft: #59636e; --line: #59636e; --fill: #f6f8fa;
  --accent: #0a58ca; --soft-accent: #dbe7fb;
  background: var(--back);
  font-family: -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif;
}
@media (prefers-color-scheme: dark) {
  svg {
    --back: #0d1117; --text: #f0f6fc; --soft: #9198a1; --line: #9198a1; --fill: #151b23;
    --accent: #58a6ff; --soft-accent: #14284a;
  }
}
.text { fill: var(--text); font-size: 13px; }
.name { font-weight: 600; }
.small { fill: var(--soft); font-size: 11.5px; font-weight: 400; }
.code { font-family: ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; }
.box { fill: var(--fill); stroke: var(--line); }
.box.accent { fill: var(--soft-accent); stroke: var(--accent); }
.line { fill: none; stroke: var(--line); stroke-width: 1.3; }
.line.faint { stroke-opacity: 0.3; }
.bar { fill: var(--accent); }
.head { fill: var(--line); }
"""
"""The README is shown outside of the documentation, where the theme's colours are unknown."""

_WIRES = (60.0, 110.0, 160.0)
_BASE, _HEIGHT = 196.0, 150.0
_SCALE = 600


def draw_ghz_counts(counts: Mapping[str, int]) -> Canvas:
    """Draw the circuit, and a bar for each bitstring.

    Args:
        counts: The counts of the circuit.
    """
    shown = ", ".join(f"{number} times {bits}" for bits, number in sorted(counts.items()))
    canvas = Canvas(
        760,
        236,
        "A circuit and its counts",
        "A circuit of three qubits: a Hadamard gate, two CNOT gates, and measurements. "
        f"Its counts are {shown}.",
    )
    for number, y in enumerate(_WIRES):
        canvas.text(16, y, f"`q{number}`", anchor="start")
        canvas.line((44, y), (310, y))
        canvas.box(268, y - 17, 44, 34, "`M`")
    canvas.box(66, _WIRES[0] - 17, 34, 34, "`H`", kind="accent")
    for x, target in ((150, 1), (210, 2)):
        canvas.line((x, _WIRES[0]), (x, _WIRES[target] + 11))
        canvas.dot(x, _WIRES[0], 4.5)
        canvas.ring(x, _WIRES[target], 11)
        canvas.line((x - 11, _WIRES[target]), (x + 11, _WIRES[target]))
    canvas.arrow((332, _WIRES[1]), (408, _WIRES[1]))
    canvas.text(370, _WIRES[1] - 14, "`run`", kind="small")
    canvas.text(370, _WIRES[1] + 16, f"{sum(counts.values()):,} shots", kind="small")
    for level in range(0, _SCALE + 1, 200):
        y = _BASE - level / _SCALE * _HEIGHT
        canvas.line((470, y), (740, y), kind="" if level == 0 else "faint")
        canvas.text(460, y, f"{level}", kind="small", anchor="end")
    step = 270 / len(counts)
    for place, (bits, number) in enumerate(sorted(counts.items())):
        middle = 470 + step * (place + 0.5)
        height = number / _SCALE * _HEIGHT
        canvas.bar(middle - 40, _BASE - height, 80, height)
        canvas.text(middle, _BASE - height - 11, f"{number}", kind="small")
        canvas.text(middle, _BASE + 18, f"`{bits}`")
    canvas.text(424, _BASE - _HEIGHT - 24, "counts", kind="small", anchor="start")
    return canvas
