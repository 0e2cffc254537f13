"""The devices that run circuits, and the simulation methods on each of them."""

from __future__ import annotations

from collections.abc import Collection

from qiskit_qoro.local.engine.supported import SUPPORTED_METHODS, methods_of
from qiskit_qoro.models.config import SimulationMethod, Simulator

__all__ = ["device_names", "methods_with_devices"]

_DEVICES = {
    Simulator.GpuSim: "GPU",
    Simulator.QuestSim: "QuEST",
    Simulator.DistributedGpu: "several GPUs",
    Simulator.DistributedMpiGpu: "GPUs of several machines",
}


def device_names(accelerators: Collection[Simulator]) -> list[str]:
    """Return the names of the devices beside the CPU."""
    return [_DEVICES[simulator] for simulator in sorted(accelerators) if simulator in _DEVICES]


def methods_with_devices(accelerators: Collection[Simulator]) -> list[tuple[str, list[str]]]:
    """Return the simulation methods, and on which devices each of them runs.

    Args:
        accelerators: The simulators that the engine has beside those on the CPU.
    """
    devices = {simulator: "CPU" for simulator, methods in SUPPORTED_METHODS.items() if methods}
    devices |= {simulator: _DEVICES[simulator] for simulator in sorted(accelerators) if simulator in _DEVICES}
    found = []
    for method in SimulationMethod:
        names = [name for simulator, name in devices.items() if method in methods_of(simulator)]
        found.append((method.name, list(dict.fromkeys(names))))
    return [(method, names) for method, names in found if names]
