"""Where the nodes of a graph are drawn: connected nodes close to each other, all others apart.

Strategy: the distances in the picture should be those in the graph, the numbers of edges between two nodes.
The weighted sum of the squared differences, the stress, falls in each step (stress majorization by SMACOF).
A small graph such as a lattice gets a picture without crossings. The same graph always has the same picture.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["layout_nodes"]

_MOST_STEPS = 300
_SMALLEST_STEP = 2e-3
# A graph with more edges for each node is drawn on a circle.
_DENSE = 3


def layout_nodes(count: int, edges: Iterable[tuple[int, int]]) -> list[tuple[float, float]]:
    """Return the position of each node. Most connected nodes have a distance of about 1.

    Args:
        count: The number of nodes, 1 or more.
        edges: The connected pairs of nodes.
    """
    return list(_layout(count, frozenset((min(pair), max(pair)) for pair in edges if pair[0] != pair[1])))


# A notebook draws the same few devices again and again.
@lru_cache(maxsize=8)
def _layout(count: int, pairs: frozenset[tuple[int, int]]) -> tuple[tuple[float, float], ...]:
    import numpy as np  # noqa: PLC0415 - most programs draw no map

    if count <= 2 or len(pairs) > _DENSE * count:
        angles = 2 * np.pi * np.arange(count) / count
        radius = count / (2 * np.pi)
        return _as_tuple(radius * np.stack([-np.cos(angles), np.sin(angles)], axis=1))
    distances = _distances(count, pairs)
    return _as_tuple(_turned(_majorize(_first_positions(distances), distances)))


def _distances(count: int, pairs: Iterable[tuple[int, int]]) -> NDArray[np.float64]:
    """Return the number of edges between each two nodes. Nodes of different parts are far from each other."""
    import numpy as np  # noqa: PLC0415 - as above

    neighbours: list[list[int]] = [[] for _ in range(count)]
    for one, other in sorted(pairs):
        neighbours[one].append(other)
        neighbours[other].append(one)
    found = np.full((count, count), np.inf)
    for start in range(count):
        found[start, start] = 0.0
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            for other in neighbours[node]:
                if not np.isfinite(found[start, other]):
                    found[start, other] = found[start, node] + 1
                    waiting.append(other)
    apart = found[np.isfinite(found)].max() / 2 + 2
    return np.where(np.isfinite(found), found, apart)


def _first_positions(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the positions by classical scaling: the two main components of the centred squared distances."""
    import numpy as np  # noqa: PLC0415 - as above

    count = len(distances)
    center = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(-center @ distances**2 @ center / 2)
    positions = vectors[:, -2:] * np.sqrt(np.maximum(values[-2:], 0.1))
    # Nodes at one place would stay together. These shifts are as good as any.
    shifts = np.stack([np.cos(np.arange(count)), np.sin(1.3 * np.arange(count))], axis=1)
    return np.asarray(positions + 1e-2 * shifts)


def _majorize(positions: NDArray[np.float64], distances: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np  # noqa: PLC0415 - as above

    count = len(distances)
    off_diagonal = ~np.eye(count, dtype=bool)
    weights = np.where(off_diagonal, 1 / np.maximum(distances, 1) ** 2, 0.0)
    inverse = np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights)
    pulls = weights * distances
    for _ in range(_MOST_STEPS):
        before = positions
        x, y = (np.subtract.outer(positions[:, axis], positions[:, axis]) for axis in (0, 1))
        ratios = pulls / np.maximum(np.hypot(x, y), 1e-9)
        positions = inverse @ (ratios.sum(axis=1)[:, None] * positions - ratios @ positions)
        if np.abs(positions - before).max() < _SMALLEST_STEP:
            break
    return positions


def _turned(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn and mirror a picture: its longer axis is horizontal, and the first node is at the upper left."""
    import numpy as np  # noqa: PLC0415 - as above

    centred = positions - positions.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    turned = centred @ vectors[:, ::-1]
    return np.asarray(turned * np.where(turned[0] > 0, -1, 1))


def _as_tuple(positions: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    return tuple((float(x), float(y)) for x, y in positions)
