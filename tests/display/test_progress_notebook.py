"""The progress line in a notebook without ipywidgets: outputs, what remains of them, and no warnings."""

import sys
from itertools import pairwise

import nbformat
import pytest
from nbclient import NotebookClient

from qiskit_qoro.local import FaultInjection, serve

CONNECT = """
from qiskit import QuantumCircuit
from qiskit_qoro import QoroProvider, as_completed

circuit = QuantumCircuit(2)
circuit.h(0)
circuit.cx(0, 1)
circuit.measure_all()
backend = QoroProvider({token!r}, base_url={url!r}, journal=False).get_backend()
"""


class RecordingClient(NotebookClient):
    """Executes a notebook and records each text that an output has shown, by the number of its cell."""

    def __init__(self, notebook, **options):
        super().__init__(notebook, **options)
        self.texts = []

    def process_message(self, message, cell, cell_index):
        if message["msg_type"] in {"display_data", "update_display_data"}:
            data = message["content"]["data"]
            self.texts.append((cell_index, data.get("text/plain", "")))
            assert set(data) <= {"text/plain"}
        return super().process_message(message, cell, cell_index)


@pytest.fixture(scope="module")
def slow_service():
    """A service whose jobs take a while."""
    with serve(workers=1, fault_injection=FaultInjection(running_time_s=2.5)) as service:
        yield service


@pytest.fixture
def execute(slow_service, tmp_path, monkeypatch):
    """Execute cells in a new kernel; return the notebook and the recorded texts."""
    monkeypatch.setenv("PYTHONWARNINGS", "default")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.delenv("QISKIT_QORO_PROGRESS", raising=False)

    def run(*cells):
        sources = [CONNECT.format(token=slow_service.token, url=slow_service.url), *cells]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        notebook.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
        client = RecordingClient(notebook, timeout=120)
        client.execute()
        nbformat.validate(notebook)
        return notebook.cells[1:], [(index - 1, text) for index, text in client.texts]

    return run


def streams(cells):
    """What the cells have written to their streams, by name."""
    outputs = [output for cell in cells for output in cell.outputs if output.output_type == "stream"]
    return {name: "".join(o.text for o in outputs if o.name == name) for name in ("stdout", "stderr")}


def test_a_cell_shows_its_progress_in_one_output_which_is_empty_at_the_end(execute):
    assert "ipywidgets" not in sys.modules
    cells, texts = execute(
        "print('before')\nresult = backend.run([circuit, circuit], shots=10).result()\nprint(result.success)"
    )
    shown = [text for _, text in texts]
    assert any("RUNNING 2/2 circuits · 1 s" in text for text in shown)
    assert any("· 2 s" in text for text in shown)
    assert shown[-1] == ""
    (line,) = [output for output in cells[0].outputs if output.output_type == "display_data"]
    assert line.data == {}
    assert streams(cells) == {"stdout": "before\nTrue\n", "stderr": ""}


def test_the_line_of_a_wait_belongs_to_the_cell_that_waits(execute):
    cells, texts = execute(
        "jobs = [backend.run(circuit) for _ in range(2)]",
        "for job in as_completed(jobs):\n    print('ended')",
        "await backend.run(circuit)\nprint('awaited')",
    )
    assert not cells[0].outputs
    assert {index for index, _ in texts} == {1, 2}
    shown = [text for index, text in texts if index == 1]
    assert any("0/2 jobs · 1 s" in text for text in shown)
    assert any("1/2 jobs" in text for text in shown)
    assert all(text != following for text, following in pairwise(shown))
    assert sum(output.output_type == "display_data" for output in cells[1].outputs) == 1
    assert streams(cells) == {"stdout": "ended\nended\nawaited\n", "stderr": ""}


def test_a_short_wait_leaves_no_output(execute):
    cells, texts = execute("job = backend.run(circuit)\njob.cancel()\njob.wait_for_final_state()")
    assert texts == []
    assert cells[0].outputs == []


def test_the_environment_switches_it_off(execute):
    cells, texts = execute(
        "import os\nos.environ['QISKIT_QORO_PROGRESS'] = 'off'\nbackend.run(circuit).wait_for_final_state()"
    )
    assert texts == []
    assert cells[0].outputs == []
