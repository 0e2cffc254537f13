"""Values of gradient jobs: the observables that a job asks for, and the results of its circuits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["GRADIENTS_EXTENSION", "MAX_NUMBERS", "GradientValues", "WeightedStrings"]

GRADIENTS_EXTENSION = "gradients"
"""The name of the extension of a service that runs gradient jobs."""

MAX_NUMBERS = 1 << 20
"""The maximum number of values and derivatives of one circuit."""


@dataclass(frozen=True)
class WeightedStrings:
    """An observable as a weighted sum of Pauli strings.

    Attributes:
        pauli_strings: The strings, leftmost letter on qubit 0. At least one.
        weights: The weight of each string.
    """

    pauli_strings: tuple[str, ...]
    weights: tuple[float, ...]


class GradientValues(dict[str, float]):
    """The values of observables in the state of a circuit, and their derivatives.

    As a dictionary it maps ``"observable 0"``, ``"observable 1"``, … to the values.

    Args:
        values: The value of each observable, shape (observables,).
        gradients: The derivatives by the names of the template, shape (observables, names).

    Attributes:
        gradients: The derivatives.
    """

    def __init__(self, values: npt.ArrayLike, gradients: npt.ArrayLike) -> None:
        numbers: list[float] = np.asarray(values, dtype=np.float64).tolist()
        super().__init__((f"observable {index}", value) for index, value in enumerate(numbers))
        self.gradients: npt.NDArray[np.float64] = np.asarray(gradients, dtype=np.float64)

    def __reduce__(self) -> tuple[object, ...]:
        # A pickle of a dictionary would call the constructor without arguments.
        return GradientValues, (list(self.values()), self.gradients)
