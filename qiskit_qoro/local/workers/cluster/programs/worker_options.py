"""What the owner of a worker decides. Nothing here needs Dask."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.workers.pool import default_workers
from qiskit_qoro.models.arguments import shown

__all__ = ["WorkerOptions", "parse_memory"]

_MEMORY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([KMGT]i?B)", re.IGNORECASE | re.ASCII)
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}

# Less is not enough for the interpreter and the state of the smallest circuits.
_MIN_MEMORY_BYTES = 2**26


@dataclass(frozen=True)
class WorkerOptions:
    """What the owner of a worker decides.

    Attributes:
        processes: How many circuits it runs at once.
        memory_bytes: The memory of all circuits that run at once, or ``None`` for the memory that is free.
            Each circuit may take an equal share.
        tags: Words that describe the worker.
        name: Its name, or ``None`` for its host and its process. If another worker has it, a number is added.
    """

    processes: int = field(default_factory=default_workers)
    memory_bytes: int | None = None
    tags: tuple[str, ...] = ()
    name: str | None = None

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise QoroInputError(f"processes: expected 1 or more, got {self.processes}")
        limit = self.memory_limit_bytes
        if limit is not None and limit < _MIN_MEMORY_BYTES:
            raise QoroInputError(
                f"memory: {limit >> 20} MiB for each of {self.processes} processes is too little, "
                f"expected at least {_MIN_MEMORY_BYTES >> 20} MiB for each"
            )
        words = [("tag", tag) for tag in self.tags]
        if self.name is not None:
            words.append(("name", self.name))
        for kind, word in words:
            if not word or not word.isprintable() or " " in word:
                raise QoroInputError(f"{kind}: expected a word without spaces, got {shown(word)}")

    @property
    def memory_limit_bytes(self) -> int | None:
        """The memory that one circuit may take."""
        return None if self.memory_bytes is None else self.memory_bytes // self.processes

    def memory_warning(self, total_bytes: int) -> str | None:
        """Return what is wrong with the memory on a machine with ``total_bytes``, or ``None``."""
        if self.memory_bytes is None or self.memory_bytes <= total_bytes:
            return None
        return (
            f"warning: the memory for circuits is {self.memory_bytes / 2**30:.1f} GiB, and this machine has "
            f"only {total_bytes / 2**30:.1f} GiB: large circuits may end the worker"
        )


def parse_memory(text: str) -> int:
    """Read an amount of memory with its unit, such as ``8GiB`` or ``8GB``, and return the bytes.

    Raises:
        QoroInputError: It is no such amount. A number without a unit is none.
    """
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        raise QoroInputError(f"expected an amount of memory with its unit, such as 8GiB, got {shown(text)}")
    number, unit = match.groups()
    base = 1024 if "i" in unit.lower() else 1000
    return int(float(number) * base ** _POWERS[unit[0].upper()])
