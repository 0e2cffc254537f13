"""The service offers simulators beyond the CPU only if the engine in a worker reports them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qiskit_qoro import (
    ExecutionConfig,
    JobFailedError,
    MaestroConfig,
    QoroAPIError,
    QoroBackend,
    QoroProvider,
)
from qiskit_qoro.local import serve

# The installed engine, except that it reports a GPU. Without one it runs QCSim instead of the GPU simulator.
ENGINE_WITH_GPU = """
import importlib.machinery, sys
_rest = [entry for entry in sys.path if entry != {folder!r}]
_spec = importlib.machinery.PathFinder.find_spec("maestro", _rest)
__path__ = list(_spec.submodule_search_locations)
exec(compile(open(_spec.origin).read(), _spec.origin, "exec"))
is_gpu_available = lambda: True
"""


@pytest.fixture
def gpu_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[QoroBackend]:
    """A backend whose workers have an engine that reports a GPU."""
    (tmp_path / "maestro").mkdir()
    (tmp_path / "maestro" / "__init__.py").write_text(ENGINE_WITH_GPU.format(folder=str(tmp_path)))
    monkeypatch.syspath_prepend(str(tmp_path))
    with serve(workers=1) as service, QoroProvider(service.token, base_url=service.url) as provider:
        yield provider.get_backend("qoro_maestro")


def run(backend: QoroBackend, config: Any) -> Any:
    bell = QuantumCircuit(2)
    bell.h(0)
    bell.cx(0, 1)
    bell.measure_all()
    return backend.run(bell, shots=50, execution_config=config).result()


def test_a_gpu_that_a_worker_reports_is_offered(gpu_backend: QoroBackend) -> None:
    options = {"simulation_type": "Statevector", "precision": "single", "seed": 1}
    for config in (MaestroConfig(simulator_type="Gpu", **options), ExecutionConfig(simulator=4)):
        assert set(run(gpu_backend, config).get_counts()) == {"00", "11"}
    # The engine asks for the GPU, which is not there.
    with pytest.raises(JobFailedError, match="Unable to initialize requested GPU device 0"):
        run(gpu_backend, MaestroConfig(simulator_type="Gpu", gpu_device=0))
    with pytest.raises(QoroAPIError, match=r"precision needs a GPU: set simulator_type to GpuSim \(4\)"):
        run(gpu_backend, MaestroConfig(**options))
    with pytest.raises(QoroAPIError, match=r"simulator_type DistributedGpu \(6\) is not available"):
        run(gpu_backend, MaestroConfig(simulator_type="DistributedGpu"))
    with pytest.raises(QoroAPIError, match="distributed_options needs several GPUs"):
        run(gpu_backend, MaestroConfig(distributed_options={"mpi_x": "1"}))


@pytest.mark.parametrize(
    "config", [MaestroConfig(simulator_type="Gpu"), MaestroConfig(gpu_device=0), ExecutionConfig(simulator=4)]
)
def test_without_a_gpu_it_is_refused(backend: QoroBackend, config: Any) -> None:
    with pytest.raises(QoroAPIError, match=r"simulator_type GpuSim \(4\) is not available|needs a GPU"):
        run(backend, config)
