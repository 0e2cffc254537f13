"""Time several ways to compute the same."""

import time
from collections.abc import Callable, Mapping


def shortest(contenders: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Measure the shortest time of each contender, in seconds. The contenders take turns."""
    best = dict.fromkeys(contenders, float("inf"))
    for _ in range(rounds):
        for name, call in contenders.items():
            begin = time.perf_counter()
            call()
            best[name] = min(best[name], time.perf_counter() - begin)
    return best
