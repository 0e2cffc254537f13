"""The option ``--noise``: rates, the file of a noise model, or the name of a device."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qiskit_qoro.cli.parsing import argument_type
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.engine_options import closest_name
from qiskit_qoro.models.loose import read_number
from qiskit_qoro.models.noise.model import NoiseModel

__all__ = ["NOISE_RATES", "Noise", "read_noise"]

NOISE_RATES: Mapping[str, str] = {
    "depolarizing": "X, Y or Z error of a qubit after each gate on it",
    "depolarizing_1q": "the same after one-qubit gates",
    "depolarizing_2q": "the same after two-qubit gates",
    "dephasing": "Z error of a qubit after each gate on it",
    "bit_flip": "X error of a qubit after each gate on it",
    "readout": "wrong bit in a measurement",
}
"""The rates to what happens with this probability."""

_DEVICE = re.compile(r"\w[\w.-]*", re.ASCII)
_CLASS_OF_FAKE_BACKEND = re.compile(r"Fake([A-Z][A-Za-z]*?)(V2)?")
_FAKE_BACKEND = re.compile(r"fake_\w+")


@dataclass(frozen=True)
class Noise:
    """The noise that a user requests. One of the attributes is set.

    Attributes:
        device: The device whose noise the service simulates.
        given_model: A noise model.
        rates: The rates of a noise model, which is the same for all qubits.
    """

    device: str | None = None
    given_model: NoiseModel | None = None
    rates: Mapping[str, float] = field(default_factory=dict)

    def model(self, num_qubits: int) -> NoiseModel | None:
        """Return the noise model, or ``None`` for the noise of a device.

        Args:
            num_qubits: The number of qubits that rates are for.
        """
        if self.device is not None or self.given_model is not None:
            return self.given_model
        model = NoiseModel()
        rate = {**dict.fromkeys(NOISE_RATES, 0.0), **self.rates}
        # The setters of Pauli errors replace each other, so their probabilities are added here.
        each = rate["depolarizing"] / 3
        errors = {"px": each + rate["bit_flip"], "py": each, "pz": each + rate["dephasing"]}
        for qubit in range(num_qubits) if any(errors.values()) else ():
            model.set_qubit_noise(qubit, **errors)
        if rate["depolarizing_1q"]:
            model.set_all_1q_gate_depolarizing(num_qubits, rate["depolarizing_1q"])
        if rate["depolarizing_2q"]:
            model.set_all_2q_gate_depolarizing(num_qubits, rate["depolarizing_2q"])
        if rate["readout"]:
            model.set_all_readout_error(num_qubits, rate["readout"])
        return model


@argument_type
def read_noise(text: str) -> Noise:
    """Read the value of the option.

    Raises:
        argparse.ArgumentTypeError: It has none of the three forms.
    """
    if Path(text).suffix == ".json" or Path(text).is_file():
        return Noise(given_model=_read_file(text))
    return Noise(rates=_read_rates(text)) if "=" in text else Noise(device=_device(text))


def _read_file(path: str) -> NoiseModel:
    try:
        return NoiseModel.from_json(Path(path).read_text("utf-8"))
    except OSError as error:
        raise QoroInputError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise QoroInputError(f"{path}: expected JSON, byte {error.start} is not UTF-8") from error
    except QoroInputError as error:
        error.introduce(path)
        error.extend("Write the file with NoiseModel.to_json()")
        raise


def _read_rates(text: str) -> dict[str, float]:
    rates: dict[str, float] = {}
    for item in text.split(","):
        name, separator, value = (part.strip() for part in item.partition("="))
        if not separator:
            raise QoroInputError(f"expected NAME=RATE, got {item!r}")
        if name not in NOISE_RATES:
            raise QoroInputError(f"{name!r} is not a rate, did you mean {closest_name(name, NOISE_RATES)!r}?")
        if name in rates:
            raise QoroInputError(f"{name} occurs twice, expected one rate")
        rate = read_number(value)
        if rate is None or not 0 <= rate <= 1:
            raise QoroInputError(f"{name} is {value!r}, expected a probability from 0 to 1")
        rates[name] = rate
    if (total := sum(rates.get(name, 0) for name in ("depolarizing", "dephasing", "bit_flip"))) > 1:
        raise QoroInputError(
            f"the rates depolarizing, dephasing and bit_flip add up to {total:g}, expected at most 1"
        )
    return rates


def _device(text: str) -> str:
    name = text.strip()
    if name in NOISE_RATES:
        raise QoroInputError(f"{name} has no rate, expected a probability such as {name}=0.01")
    if not _DEVICE.fullmatch(name):
        raise QoroInputError(
            f"got {text!r}, expected rates such as depolarizing=0.01,readout=0.02, the JSON file of a noise "
            "model, or the name of a device such as fake_torino"
        )
    fake = _CLASS_OF_FAKE_BACKEND.fullmatch(name)
    if fake:
        name = f"fake_{re.sub(r'(?<=[a-z])(?=[A-Z])', '_', fake[1]).lower()}"
    # Services know the fake backends of IBM under this prefix.
    return f"ibm_{name}" if _FAKE_BACKEND.fullmatch(name) else name
