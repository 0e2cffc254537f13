"""Find the simulation method that this service would choose for a program, without running it."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.local.engine.job_settings import check_job_config, engine_settings
from qiskit_qoro.local.engine.methods import MAX_SMALL_QUBITS, choose_method, default_memory_limit
from qiskit_qoro.local.engine.pauli_strings import reduce_pauli_strings
from qiskit_qoro.local.engine.simulator import read_engine_program
from qiskit_qoro.local.engine.supported import requested_method
from qiskit_qoro.local.workers.pool import default_workers
from qiskit_qoro.models.config import Simulator
from qiskit_qoro.models.jobs import AnyConfig, ResultDetails

__all__ = ["forecast_method"]


def forecast_method(
    text: str, pauli_strings: Sequence[str] | None, config: AnyConfig | None, system: str | None
) -> ResultDetails | None:
    """Return the method that a service with the default options would choose, and why.

    Args:
        text: The program in OpenQASM 2.
        pauli_strings: The Pauli strings that are computed, the leftmost letter on qubit 0. ``None`` if the
            program is sampled.
        config: The configuration of the job.
        system: The QPU system that the job runs on, or ``None`` for a simulator cluster.

    Returns:
        The method and why it would be chosen. The method is ``None`` if no method can run the program. If
        the choice depends on the noise, the result is ``None``.

    Raises:
        QoroInputError: The service does not support the configuration.
    """
    # Only the workers know whether there is a GPU.
    check_job_config(config, system, accelerators=lambda: frozenset(Simulator))
    settings = engine_settings(config, system)
    if settings.noise is not None:
        method = requested_method(settings.options)
        return None if method is None else ResultDetails(method.name, "it was requested")
    program = read_engine_program(text, measure=pauli_strings is None)
    if pauli_strings is None and len(program.qubits) > MAX_SMALL_QUBITS:
        program = program.measured_part()
    reduced = None if pauli_strings is None else reduce_pauli_strings(pauli_strings, program)
    try:
        choice = choose_method(
            program,
            settings.options,
            sampling=pauli_strings is None,
            memory_limit_bytes=default_memory_limit(engines=default_workers()),
            pauli_strings=None if reduced is None else reduced.pauli_strings,
        )
    except QoroInputError as error:
        return ResultDetails(None, error.message)
    return choice.details
