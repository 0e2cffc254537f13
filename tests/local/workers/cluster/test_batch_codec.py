"""Tasks arrive at a worker as they are, and what they share is sent once."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pytest

from qiskit_qoro.errors import WireError
from qiskit_qoro.local.engine.noise import Noise
from qiskit_qoro.local.engine.settings import EngineSettings
from qiskit_qoro.local.workers.cluster.batch_codec import (
    MissingTemplates,
    TemplateStore,
    decode_batch,
    encode_batch,
)
from qiskit_qoro.local.workers.task_rows import TaskRows
from qiskit_qoro.local.workers.tasks import AnyTask, CircuitTask, QuboTask, StateTask
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.models.noise.model import NoiseModel
from qiskit_qoro.models.states import StateQuantity, StateRequest

HEADER = 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[3];\ncreg c[3];\n'
NAMES = ("a", "b")
TEMPLATE = HEADER + "rx(a) q[0];ry(b) q[1];" + 20 * "cx q[0],q[2];" + "measure q -> c;"
STRINGS = tuple(f"{letter}{other}Z" * 4 for letter in "IXYZ" for other in "IXYZ")
SEEDED = EngineSettings(MaestroConfig(seed=7))
NOISY = EngineSettings(noise=Noise(NoiseModel()), options=MaestroConfig(seed=3))


def sent(tasks: Sequence[AnyTask]) -> tuple[bytes, TemplateStore, dict[str, bytes]]:
    """What a worker gets that has no templates yet."""
    data, templates = encode_batch(tasks, known=())
    return data, TemplateStore(10**6), templates


def rows_of(count: int, first: CircuitTask | None = None) -> TaskRows:
    task = first or CircuitTask("c5", TEMPLATE, settings=SEEDED, names=NAMES, values=(0.0, 1.0))
    values = np.linspace(-1, 1, count * len(task.names))
    return TaskRows(task, 5, values.astype("<f8").tobytes(), tuple(range(100, 100 + count)))


def programs(count: int, settings: EngineSettings = SEEDED) -> list[CircuitTask]:
    return [
        CircuitTask(
            f"c{number}",
            HEADER + f"rx({number}) q[0];measure q -> c;",
            number,
            settings=settings.for_circuit(number),
        )
        for number in range(count)
    ]


def single_rows(count: int) -> list[CircuitTask]:
    return [
        CircuitTask(
            f"c{number}",
            TEMPLATE,
            pauli_strings=STRINGS,
            names=NAMES,
            values=(number / 3, float("inf")),
            text=f"text {number}",
        )
        for number in range(count)
    ]


def mixed() -> list[CircuitTask]:
    other = replace(single_rows(1)[0], qasm=TEMPLATE + "h q[0];", names=("a",), values=(1.5,))
    only = replace(other, is_only_row=True, observables=(((0.5, "ZZI"),),), pauli_strings=None)
    return [*programs(2), *single_rows(2), other, programs(3)[2], only, replace(other, names=(), values=())]


def states() -> list[StateTask]:
    request = StateRequest(StateQuantity.STATEVECTOR)
    return [StateTask(f"s{number}", (HEADER, TEMPLATE), request, SEEDED) for number in range(3)]


CASES: dict[str, Sequence[AnyTask]] = {
    "programs": programs(5),
    "noisy programs": programs(3, NOISY),
    "programs with Pauli strings": [replace(task, shots=None, pauli_strings=STRINGS) for task in programs(4)],
    "rows one by one": single_rows(4),
    "different circuits": mixed(),
    "states": states(),
    "problems": [QuboTask("q", '{"qubo": 1}'), QuboTask("r", "{}")],
    "nothing": [],
}


@pytest.mark.parametrize("tasks", CASES.values(), ids=CASES.keys())
def test_tasks_arrive_as_they_are(tasks: Sequence[AnyTask]) -> None:
    data, templates = encode_batch(tasks, known=())
    found = decode_batch(data, TemplateStore(10**6), templates)
    assert not isinstance(found, MissingTemplates)
    assert list(found) == list(tasks)


def test_rows_arrive_in_columns() -> None:
    rows = rows_of(6)[1:]
    found = decode_batch(*sent(rows))
    assert isinstance(found, TaskRows)
    assert list(found) == list(rows)
    assert found.first == rows_of(6).first


def test_values_arrive_exactly() -> None:
    values = (0.1, -0.0, 5e-324)
    task = CircuitTask("c", TEMPLATE, shots=1, names=("a", "b", "c"), values=values)
    found = decode_batch(*sent([task]))
    assert not isinstance(found, MissingTemplates)
    (arrived,) = found
    assert isinstance(arrived, CircuitTask)
    assert np.array(arrived.values).tobytes() == np.array(values).tobytes()


@pytest.mark.parametrize("tasks", [rows_of(3), single_rows(3), CASES["programs with Pauli strings"]])
def test_a_template_is_sent_to_a_worker_once(tasks: Sequence[AnyTask]) -> None:
    store = TemplateStore(10**6)
    data, templates = encode_batch(tasks, known=())
    assert len(templates) == 1
    decode_batch(data, store, templates)
    again, more = encode_batch(tasks[1:], known=templates.keys())
    assert more == {}
    found = decode_batch(again, store, {})
    assert not isinstance(found, MissingTemplates)
    assert list(found) == list(tasks[1:])


def test_a_template_has_the_same_name_in_other_jobs() -> None:
    _, templates = encode_batch(rows_of(3), known=())
    first = replace(rows_of(3).first, label="other", settings=EngineSettings(MaestroConfig(seed=7)))
    assert encode_batch(rows_of(5, first), known=templates.keys())[1] == {}


def test_programs_that_only_one_task_has_are_not_kept_at_the_worker() -> None:
    _, templates = encode_batch(programs(50), known=())
    assert not any(b"OPENQASM" in template for template in templates.values())
    different = [
        replace(task, shots=None, pauli_strings=STRINGS[number:]) for number, task in enumerate(programs(3))
    ]
    assert encode_batch(different, known=())[1] == {}


def test_the_tasks_of_a_template_share_its_objects() -> None:
    found = decode_batch(*sent(single_rows(3)))
    assert not isinstance(found, MissingTemplates)
    assert len({id(task.pauli_strings) for task in found if isinstance(task, CircuitTask)}) == 1


def test_a_worker_names_the_templates_that_it_has_forgotten() -> None:
    data, templates = encode_batch(rows_of(3), known=())
    store = TemplateStore(10**6)
    assert decode_batch(data, store, {}) == MissingTemplates(tuple(templates))
    assert not isinstance(decode_batch(data, store, templates), MissingTemplates)


def test_a_batch_may_need_more_templates_than_a_worker_can_keep() -> None:
    data, templates = encode_batch(mixed(), known=())
    assert len(templates) > 1
    store = TemplateStore(1)
    found = decode_batch(data, store, templates)
    assert not isinstance(found, MissingTemplates)
    assert list(found) == mixed()
    assert store.num_bytes == 0


def test_the_template_that_was_used_longest_ago_is_forgotten_first() -> None:
    store = TemplateStore(20)
    store.add({"a": 8 * b"a", "b": 8 * b"b"})
    assert store.find(["a", "x"]) == {"a": 8 * b"a"}
    store.add({"c": 8 * b"c"})
    assert store.find("abc") == {"a": 8 * b"a", "c": 8 * b"c"}
    assert store.num_bytes == 16
    store.add({"a": 4 * b"a"})
    assert store.num_bytes == 12


@pytest.mark.parametrize("position", range(0, 400, 7))
def test_a_damaged_batch_is_refused(position: int) -> None:
    data, templates = encode_batch(rows_of(40), known=())
    damaged = bytearray(data)
    damaged[position] ^= 1
    with pytest.raises(WireError, match=r"damaged|expected a batch"):
        decode_batch(bytes(damaged), TemplateStore(10**6), templates)


@pytest.mark.parametrize("size", [0, 3, 4, 11, 12, 40, 300])
def test_an_incomplete_batch_is_refused(size: int) -> None:
    data, templates = encode_batch(rows_of(40), known=())
    with pytest.raises(WireError, match=r"damaged|expected a batch"):
        decode_batch(data[:size], TemplateStore(10**6), templates)


def test_a_damaged_template_is_refused_and_not_kept() -> None:
    data, templates = encode_batch(rows_of(3), known=())
    store = TemplateStore(10**6)
    damaged = {name: template[:-2] + b"x." for name, template in templates.items()}
    with pytest.raises(WireError, match=r"template [0-9a-f]{32} is damaged"):
        decode_batch(data, store, damaged)
    assert store.num_bytes == 0


def test_a_sweep_takes_little_more_than_its_numbers() -> None:
    rows = rows_of(4096)
    data, templates = encode_batch(rows, known=())
    decode_batch(data, TemplateStore(10**6), templates)
    assert len(data) < len(rows.packed) + 4096 * 4


# Written by the encoder and read with pickletools: two tasks, in a pickle of protocol 5.
GOLDEN = bytes.fromhex(
    "5142310a01d7f81e0000000080059581000000000000008c1f7169736b69745f716f726f2e6c6f63616c2e776f726b65"
    "72732e7461736b73948c085175626f5461736b9493942981947d94288c056c6162656c948c056669727374948c077265"
    "7175657374948c087b2261223a20317d94756268022981947d942868058c067365636f6e649468078c087b2262223a20"
    "327d94756286942e"
)


def test_a_batch_has_the_documented_bytes() -> None:
    tasks = [QuboTask("first", '{"a": 1}'), QuboTask("second", '{"b": 2}')]
    assert encode_batch(tasks, known=()) == (GOLDEN, {})
    found = decode_batch(GOLDEN, TemplateStore(10**6), {})
    assert not isinstance(found, MissingTemplates)
    assert list(found) == tasks
    assert GOLDEN[:4] == b"QB1\n"
    assert int.from_bytes(GOLDEN[4:8], "little") == zlib.crc32(GOLDEN[8:])
    assert GOLDEN[8:12] == bytes(4)


def test_the_names_in_a_batch_are_digests_of_its_templates() -> None:
    data, templates = encode_batch(mixed(), known=())
    count = int.from_bytes(data[8:12], "little")
    names = [data[start : start + 16] for start in range(12, 12 + 16 * count, 16)]
    assert names == [blake2b(template, digest_size=16).digest() for template in templates.values()]
