"""Options that say how programs run: backend, tag, shots, seed, method, noise and options of the engine."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from typing import Any

from qiskit_qoro.backends.backend import QoroBackend
from qiskit_qoro.cli.completers import offer_engine_options, offer_noise
from qiskit_qoro.cli.parsing import argument_type, positive_integer
from qiskit_qoro.cli.programs.noise_option import NOISE_RATES, Noise, read_noise
from qiskit_qoro.cli.programs.reading import NamedCircuit
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.config import (
    DEFAULT_SIMULATOR_CLUSTER,
    ExecutionConfig,
    SimulationMethod,
)
from qiskit_qoro.models.jobs import AnyConfig
from qiskit_qoro.models.loose import read_number
from qiskit_qoro.models.maestro import EXECUTION_FIELDS, MaestroConfig, read_option

__all__ = [
    "METHODS",
    "add_accuracy_options",
    "add_execution_options",
    "add_shots_option",
    "add_tag_option",
    "execution_config",
    "tag_of",
]

METHODS = {
    "statevector": SimulationMethod.Statevector,
    "matrix_product_state": SimulationMethod.MatrixProductState,
    "stabilizer": SimulationMethod.Stabilizer,
    "tensor_network": SimulationMethod.TensorNetwork,
    "pauli_propagator": SimulationMethod.PauliPropagator,
    "extended_stabilizer": SimulationMethod.ExtendedStabilizer,
    "path_integral": SimulationMethod.PathIntegral,
    "density_matrix": SimulationMethod.DensityMatrix,
    "matrix_product_operator": SimulationMethod.MatrixProductOperator,
}
"""The methods by the names that Qiskit Aer uses, or would use."""

_AUTOMATIC = "automatic"
_SHORT_NAMES = {"mps": "matrix_product_state", "mpo": "matrix_product_operator"}
# Options of a noisy run that are not options of the engine.
_NOISE_OPTIONS = ("noise_seed", "noise_realizations")
_MAX_TAG = 200


def add_execution_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how programs run, except for the shots."""
    parser.add_argument(
        "--backend",
        default=DEFAULT_SIMULATOR_CLUSTER,
        metavar="NAME",
        help="the backend that runs the programs (default %(default)s)",
    )
    add_tag_option(parser, "the names of the files")
    parser.add_argument(
        "--seed",
        type=lambda text: _option(f"seed={text}")[1],
        metavar="N",
        help="make the results repeatable, on simulators only",
    )
    parser.add_argument(
        "--method",
        type=_method,
        choices=[_AUTOMATIC, *METHODS],
        metavar="METHOD",
        help=f"the simulation method: {', '.join(METHODS)}; or {_AUTOMATIC}, which lets the service choose",
    )
    offer_noise(
        parser.add_argument(
            "--noise",
            type=read_noise,
            metavar="NOISE",
            help="noise of a simulator: rates such as depolarizing=0.01,readout=0.02 (the rates are "
            f"{', '.join(NOISE_RATES)}), the JSON file of a noise model, or a device that the service knows, "
            "such as fake_torino",
        )
    )
    offer_engine_options(
        parser.add_argument(
            "--option",
            type=_option,
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="set an option of the engine, for example max_bond_dimension=32; may be repeated",
        )
    )


def add_shots_option(parser: argparse._ActionsContainer, meaning: str) -> None:
    """Add the option for the number of shots. Without it the number is ``None``."""
    parser.add_argument("--shots", type=positive_integer, metavar="N", help=meaning)


def add_accuracy_options(parser: argparse.ArgumentParser) -> None:
    """Add the options for the accuracy of expectation values. Without them, both are ``None``."""
    accuracy = parser.add_mutually_exclusive_group()
    accuracy.add_argument(
        "--precision",
        type=_precision,
        metavar="P",
        help="the largest standard error of a Pauli string, for values that are sampled or have random noise",
    )
    add_shots_option(accuracy, "number of shots of each circuit, to sample the values instead")


def add_tag_option(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option for the tag. Without it the tag is ``None``."""
    parser.add_argument("--tag", type=_tag, metavar="TAG", help=f"a name for the job; by default {default}")


def tag_of(options: argparse.Namespace, circuits: Sequence[NamedCircuit]) -> str:
    """Return the tag of a job: the option, or the names of its circuits."""
    if options.tag is not None:
        return str(options.tag)
    names = ", ".join(circuit.name for circuit in circuits)
    if len(circuits) == 1 or len(names) <= _MAX_TAG:
        return names
    return f"{circuits[0].name} and {len(circuits) - 1} more"


def execution_config(
    options: argparse.Namespace, circuits: Sequence[NamedCircuit], backend: QoroBackend
) -> AnyConfig | None:
    """Return the configuration that the options request, or ``None`` if they request nothing.

    Args:
        options: The options of the command.
        circuits: The circuits. Rates of noise are for all of their qubits.
        backend: The backend that runs them.

    Raises:
        QoroInputError: The options contradict each other, or the backend does not support them.
    """
    settings = _engine_settings(options)
    noise: Noise | None = options.noise
    if noise is not None and noise.device is not None:
        config: AnyConfig | None = _device_config(noise.device, settings)
    else:
        width = max(circuit.circuit.num_qubits for circuit in circuits)
        model = None if noise is None else noise.model(width)
        if model is None and (unused := [name for name in _NOISE_OPTIONS if name in settings]):
            raise QoroInputError(f"--option {unused[0]} has no effect without --noise")
        config = MaestroConfig(**settings, noise_model=model) if settings or model is not None else None
    try:
        backend.check_execution_config(config)
    except QoroInputError as error:
        given = {"option": options.option, "method": options.method, "seed": options.seed, "noise": noise}
        error.introduce(", ".join(f"--{name}" for name, value in given.items() if value not in (None, [])))
        raise
    return config


def _engine_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the options of the engine that the user sets, with the seed and the method among them."""
    settings = dict(options.option)
    method = METHODS.get(options.method) if options.method else None
    for name, option, value in (("seed", "--seed", options.seed), ("simulation_type", "--method", method)):
        if value is None:
            continue
        if settings.setdefault(name, value) != value:
            raise QoroInputError(f"{option} and --option {name} have different values, expected one of them")
    return settings


def _device_config(device: str, settings: dict[str, Any]) -> ExecutionConfig:
    fields = {**EXECUTION_FIELDS, "noise_realizations": "noise_realizations"}
    for name in settings:
        if name not in fields:
            option = "--seed" if name == "seed" else f"--option {name}"
            raise QoroInputError(
                f"{option} cannot be combined with the noise of a device: leave it out, or pass rates or the "
                "JSON file of a noise model with --noise"
            )
    values = {fields[name]: value for name, value in settings.items()}
    return ExecutionConfig(noisy_device=device, **values)


def _precision(text: str) -> float:
    precision = read_number(text)
    if precision is None or precision <= 0:
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return precision


def _tag(text: str) -> str:
    if text != text.encode("utf-8", "replace").decode():
        raise argparse.ArgumentTypeError(f"expected text that UTF-8 can encode, got {text!r}")
    return text


def _method(text: str) -> str:
    """Return the name of a method as :data:`METHODS` has it. Capitals, ``_`` and ``-`` do not matter."""
    known = {_compact(name): name for name in (*METHODS, _AUTOMATIC)}
    known |= _SHORT_NAMES
    name = known.get(_compact(text))
    if name is None:
        closest = difflib.get_close_matches(_compact(text), known, n=1)
        hint = f"did you mean {known[closest[0]]!r}?" if closest else f"expected one of {', '.join(METHODS)}"
        raise argparse.ArgumentTypeError(f"{text!r} is not a simulation method, {hint}")
    return name


def _compact(name: str) -> str:
    return name.strip().lower().replace("_", "").replace("-", "")


@argument_type
def _option(text: str) -> tuple[str, Any]:
    """Read an option of the engine as its name and its value."""
    name, separator, value = (part.strip() for part in text.partition("="))
    if not separator:
        raise QoroInputError(f"expected NAME=VALUE, got {text!r}")
    if name in _NOISE_OPTIONS:
        return name, getattr(MaestroConfig(**{name: _integer(value)}), name)
    return name, read_option(name, value)


def _integer(text: str) -> Any:
    """Return an integer, or the text itself, which the check of the option refuses."""
    try:
        return int(text)
    except ValueError:
        return text
