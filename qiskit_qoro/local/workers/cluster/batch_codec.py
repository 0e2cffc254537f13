r"""Write tasks as bytes for a worker of the cluster, so that what many tasks share is sent to it once.

A batch is::

    batch    magic checksum count name* content
    magic    b"QB1\n"
    checksum CRC-32 of all that follows, four little-endian bytes
    count    the number of names, four little-endian bytes
    name     16 bytes: the BLAKE2b digest of a template
    content  a pickle of Rows or Columns, or a tuple of other tasks

What circuits of a job share is a template: a :class:`CircuitTask` without what is its own. So a template has
the text and the names of a parameter sweep, Pauli strings, observables, options and noise. The service sends
a template with the first batch that needs it. The worker keeps it in a :class:`TemplateStore`, which forgets
the templates that were used longest ago. If a batch needs one that is forgotten, the worker answers with its
name.

Small templates, and those of one task only, are in the batch itself. What tasks do not share is in columns:
one tuple for the labels, one for the programs, one array for all values. That is several times faster than
writing the tasks one by one.
"""

from __future__ import annotations

import pickle
import struct
import threading
import zlib
from collections import Counter, OrderedDict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple, cast

from qiskit_qoro.errors import WireError
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask

__all__ = ["MissingTemplates", "TemplateStore", "decode_batch", "encode_batch"]

_MAGIC = b"QB1\n"
_HEAD = struct.Struct("<4sII")
_NAME_BYTES = 16
_VALUE_BYTES = 8

# Other versions of Python write the same bytes, so a template has the same name for all services.
_PROTOCOL = 5

# A smaller template is sent with each batch, because its name and its place in the store cost as much.
_MIN_TEMPLATE_BYTES = 256


@dataclass(frozen=True)
class MissingTemplates:
    """The worker needs templates again.

    Attributes:
        names: Their names.
    """

    names: tuple[str, ...]


class TemplateStore:
    """The templates that a worker keeps. If they become too many, those used longest ago are forgotten.

    Threads may use it at the same time.

    Args:
        max_bytes: The maximum size of all templates.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._size = 0
        self._templates: OrderedDict[str, bytes] = OrderedDict()  # the one used last is at the end

    @property
    def num_bytes(self) -> int:
        """The size of all templates."""
        with self._lock:
            return self._size

    def add(self, templates: Mapping[str, bytes]) -> None:
        """Keep templates."""
        with self._lock:
            for name, data in templates.items():
                self._size += len(data) - len(self._templates.pop(name, b""))
                self._templates[name] = data
            while self._size > self._max_bytes:
                self._size -= len(self._templates.popitem(last=False)[1])

    def find(self, names: Iterable[str]) -> dict[str, bytes]:
        """Return the templates with these names, without those that are forgotten."""
        with self._lock:
            found = [name for name in names if name in self._templates]
            for name in found:
                self._templates.move_to_end(name)
            return {name: self._templates[name] for name in found}


class _Columns(NamedTuple):
    """Circuits, each with the template at its place in ``templates``.

    Attributes:
        templates: The templates, or the indices of their names.
        places: The place of each circuit's template.
        labels: The labels.
        texts: The programs, or for rows of a template, the circuits as the client sent them.
        shots: The shots.
        indices: The positions of the circuits in their job, as their settings have them.
        values: The values of all rows of templates, one after the other, as in ``TaskRows``.
    """

    templates: tuple[CircuitTask | int, ...]
    places: tuple[int, ...]
    labels: tuple[str, ...]
    texts: tuple[str | None, ...]
    shots: tuple[int | None, ...]
    indices: tuple[int, ...]
    values: bytes


class _Rows(NamedTuple):
    """The fields of :class:`TaskRows`. The first task is in columns too."""

    first: _Columns
    position: int
    packed: bytes
    shots: tuple[int | None, ...]


def encode_batch(tasks: Sequence[AnyTask], known: Container[str]) -> tuple[bytes, dict[str, bytes]]:
    """Encode tasks for a worker.

    Args:
        tasks: The tasks.
        known: The names of the templates that the worker has. To repeat a batch for which it reported
            missing templates, pass an empty container.

    Returns:
        The batch, and the templates to send with it, by name.
    """
    templates: dict[str, bytes] = {}
    content: _Rows | _Columns | tuple[AnyTask, ...]
    if isinstance(tasks, TaskRows):
        first = _to_columns((tasks.first,), templates, is_certain=True)
        content = _Rows(first, tasks.position, tasks.packed, tasks.shots)
    else:
        content = tuple(tasks)
        if content and all(isinstance(task, CircuitTask) for task in content):
            content = _to_columns(cast("tuple[CircuitTask, ...]", content), templates)
    names = b"".join(map(bytes.fromhex, templates))
    body = b"".join((_count_bytes(len(templates)), names, pickle.dumps(content, _PROTOCOL)))
    to_send = {name: data for name, data in templates.items() if name not in known}
    return b"".join((_MAGIC, _count_bytes(zlib.crc32(body)), body)), to_send


def decode_batch(
    data: bytes, store: TemplateStore, sent: Mapping[str, bytes]
) -> Sequence[AnyTask] | MissingTemplates:
    """Decode tasks that :func:`encode_batch` wrote.

    Args:
        data: The batch.
        store: The templates that the worker has kept.
        sent: The templates that came with the batch. They are kept too.

    Returns:
        The tasks, or the names of the templates that the worker does not have.

    Raises:
        WireError: The batch or a template is damaged.
    """
    names, content = _read(data)
    for name, template in sent.items():
        if _name(template) != name:
            raise WireError(f"template {name} is damaged: its {len(template)} bytes have another digest")
    # All templates together may be larger than the store, so those that were sent are not read from it.
    found = {**store.find(names), **sent}
    store.add(sent)
    missing = tuple(name for name in names if name not in found)
    if missing:
        return MissingTemplates(missing)
    templates = [pickle.loads(found[name]) for name in names]  # noqa: S301  the service wrote them
    match pickle.loads(content):  # noqa: S301  the service wrote it
        case _Rows(first, position, packed, shots):
            return TaskRows(_from_columns(first, templates)[0], position, packed, shots)
        case _Columns() as columns:
            return _from_columns(columns, templates)
        case tasks:
            return cast("tuple[AnyTask, ...]", tasks)


def _read(data: bytes) -> tuple[list[str], memoryview]:
    """Check a batch, and divide it into the names and the content."""
    if len(data) < _HEAD.size or not data.startswith(_MAGIC):
        raise WireError(f"expected a batch of tasks that begins with {_MAGIC!r}, got {data[:4]!r}")
    _, checksum, count = _HEAD.unpack_from(data)
    view = memoryview(data)
    if zlib.crc32(view[_HEAD.size - 4 :]) != checksum:
        raise WireError(f"a batch of tasks is damaged: its {len(data)} bytes have another checksum")
    end = _HEAD.size + count * _NAME_BYTES
    return [view[at : at + _NAME_BYTES].hex() for at in range(_HEAD.size, end, _NAME_BYTES)], view[end:]


def _count_bytes(count: int) -> bytes:
    return count.to_bytes(4, "little")


def _name(template: bytes) -> str:
    return blake2b(template, digest_size=_NAME_BYTES).hexdigest()


def _to_columns(
    tasks: tuple[CircuitTask, ...], stored: dict[str, bytes], *, is_certain: bool = False
) -> _Columns:
    """Write tasks in columns.

    Args:
        tasks: The tasks.
        stored: Where the templates to keep at the worker are added, by name, in the order of their indices.
        is_certain: Whether other tasks will have the templates too.
    """
    # The tasks keep these objects alive, so their identities are unique.
    keys = [_key(task) for task in tasks]
    uses = Counter(keys)
    examples = dict(zip(keys, tasks, strict=True))
    templates: list[CircuitTask | int] = []
    indices: dict[str, int] = {}
    for key, task in examples.items():
        template = _template_of(task)
        is_shared = is_certain or uses[key] > 1 or task.values is not None
        data = pickle.dumps(template, _PROTOCOL) if is_shared else b""
        if len(data) < _MIN_TEMPLATE_BYTES:
            templates.append(template)
            continue
        name = _name(data)
        templates.append(indices.setdefault(name, len(indices)))
        stored[name] = data
    places = {key: place for place, key in enumerate(examples)}
    values = list(chain.from_iterable(task.values or () for task in tasks))
    return _Columns(
        tuple(templates),
        tuple([places[key] for key in keys]),
        tuple([task.label for task in tasks]),
        tuple([task.qasm if task.values is None else task.text for task in tasks]),
        tuple([task.shots for task in tasks]),
        tuple([task.settings.circuit_index for task in tasks]),
        struct.pack(f"<{len(values)}d", *values),
    )


def _key(task: CircuitTask) -> tuple[object, ...]:
    """A key that is equal only for tasks of one template."""
    settings = task.settings
    text = None if task.values is None else id(task.qasm)
    shared = (task.names, task.pauli_strings, task.observables, settings.options, settings.noise)
    return text, task.is_only_row, *map(id, shared)


def _template_of(task: CircuitTask) -> CircuitTask:
    is_row = task.values is not None
    return replace(
        task,
        label="",
        qasm=task.qasm if is_row else "",
        shots=None,
        settings=replace(task.settings, circuit_index=0),
        values=() if is_row else None,
        text=None,
    )


def _from_columns(columns: _Columns, stored: Sequence[CircuitTask]) -> list[CircuitTask]:
    """Read tasks. The tasks of a template share its objects."""
    templates = [stored[item] if isinstance(item, int) else item for item in columns.templates]
    values = struct.unpack(f"<{len(columns.values) // _VALUE_BYTES}d", columns.values)
    position = 0
    tasks = []
    for place, label, text, shots, index in zip(
        columns.places, columns.labels, columns.texts, columns.shots, columns.indices, strict=True
    ):
        template = templates[place]
        is_row = template.values is not None
        end = position + len(template.names) if is_row else position
        tasks.append(
            CircuitTask(
                label=label,
                qasm=template.qasm if is_row else text or "",
                shots=shots,
                pauli_strings=template.pauli_strings,
                settings=replace(template.settings, circuit_index=index) if index else template.settings,
                names=template.names,
                values=values[position:end] if is_row else None,
                text=text if is_row else None,
                is_only_row=template.is_only_row,
                observables=template.observables,
            )
        )
        position = end
    return tasks
