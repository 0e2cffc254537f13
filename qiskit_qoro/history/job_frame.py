"""The list of jobs as a table of pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.history.job_entry import JobEntry

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["frame_of"]

_TEXTS = ("job_id", "service", "backend", "kind", "tag", "status", "reason")


def frame_of(entries: Sequence[JobEntry]) -> pd.DataFrame:
    """Return a table with a row for each entry.

    Raises:
        QoroInputError: pandas is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 - optional, and slow to import
    except ImportError as error:
        raise QoroInputError("to_pandas() needs pandas: pip install pandas") from error
    columns: dict[str, Any] = {
        name: pd.array([_text(entry, name) for entry in entries], dtype="string") for name in _TEXTS
    }
    # The same unit in every release of pandas.
    columns["time"] = pd.to_datetime([entry.time for entry in entries], utc=True).as_unit("us")
    columns["num_circuits"] = pd.array([entry.num_circuits for entry in entries], dtype="int64")
    order = ["job_id", "service", "backend", "kind", "time", "tag", "num_circuits", "status", "reason"]
    return pd.DataFrame(columns, columns=order)


def _text(entry: JobEntry, name: str) -> str | None:
    value = getattr(entry, name)
    return None if value is None else str(value)
