"""The 2x2 matrices of a circuit and their derivatives, for all gates and all rows of angles at once.

Each matrix with angles is a case of ``exp(i gamma) u(theta, phi, lambda)`` whose four angles are linear in
those of the gate (:data:`FORMS`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from qiskit_qoro.qasm.gates import GATES

__all__ = ["FORMS", "Matrices"]

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

_HALF_TURN = math.pi / 2

# Gate -> the constants of theta, phi, lambda and gamma, and for each of its angles the coefficients of this
# angle in these four.
FORMS: Mapping[str, tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]] = {
    "rx": ((0, -_HALF_TURN, _HALF_TURN, 0), ((1, 0, 0, 0),)),
    "ry": ((0, 0, 0, 0), ((1, 0, 0, 0),)),
    "rz": ((0, 0, 0, 0), ((0, 0, 1, -0.5),)),
    "p": ((0, 0, 0, 0), ((0, 0, 1, 0),)),
    "u2": ((_HALF_TURN, 0, 0, 0), ((0, 1, 0, 0), (0, 0, 1, 0))),
    "u": ((0, 0, 0, 0), ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0))),
    "cu": ((0, 0, 0, 0), ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))),
}
"""The gates with angles on one qubit: their constants and coefficients."""

_MAX_ANGLES = 4


class Matrices:
    """The 2x2 matrices of a circuit, numbered in order, as functions of the free angles.

    Add all matrices before the first one is evaluated.
    """

    def __init__(self) -> None:
        self.names: list[str] = []
        self._constants: list[tuple[float, ...]] = []
        self._angles: list[list[int]] = []
        self._coefficients: list[list[tuple[float, ...]]] = []

    def add(self, name: str, angles: Sequence[float | int]) -> int:
        """Add a matrix and return its number. A negative index stands for no angle."""
        constants, rows = FORMS.get(name, ((0.0,) * 4, ()))
        free: list[int] = []
        coefficients: list[tuple[float, ...]] = []
        for angle, row in zip(angles, rows, strict=True):
            if type(angle) is int:
                free.append(angle)
                coefficients.append(row)
            else:
                constants = tuple(c + angle * r for c, r in zip(constants, row, strict=True))
        missing = _MAX_ANGLES - len(free)
        self.names.append(name)
        self._constants.append(constants)
        self._angles.append(free + [-1] * missing)
        self._coefficients.append(coefficients + [(0.0,) * 4] * missing)
        return len(self.names) - 1

    def is_free(self, number: int) -> bool:
        """Whether a matrix depends on an angle."""
        return self._angles[number][0] >= 0

    @cached_property
    def _tables(self) -> tuple[npt.NDArray[np.int64], Floats, Floats]:
        """The angles, the coefficients and the constants as arrays."""
        return (
            np.array(self._angles, dtype=np.int64),
            np.array(self._coefficients),
            np.array(self._constants),
        )

    def evaluate(self, angles: Floats) -> tuple[Complexes, Complexes]:
        """Return all matrices for each row, and the factors ``exp(i phi)`` in them.

        Args:
            angles: The free angles, shape (rows, angles).

        Returns:
            Arrays of shape (matrices, rows, 2, 2) and (matrices, rows).
        """
        if not self.names:
            return np.empty((0, len(angles), 2, 2), dtype=np.complex128), np.empty(
                (0, len(angles)), dtype=np.complex128
            )
        # The last column, which is 0, stands for the angles that a matrix does not have.
        padded = np.hstack([angles, np.zeros((len(angles), 1))])
        numbers, coefficients, constants = self._tables
        euler = np.einsum("rma,mae->emr", padded[:, numbers], coefficients)
        theta, phi, lam, gamma = euler + constants.T[:, :, np.newaxis]
        cosine, sine = np.cos(theta / 2), np.sin(theta / 2)
        phase, left, right = np.exp(1j * gamma), np.exp(1j * phi), np.exp(1j * lam)
        entries = (phase * cosine, -phase * right * sine, phase * left * sine, phase * left * right * cosine)
        matrices = np.stack(entries, axis=-1).reshape(*theta.shape, 2, 2)
        for number, name in enumerate(self.names):
            if name not in FORMS:
                matrices[number] = _constant_matrix(name)
        return matrices, left

    def differentiate(
        self, overlaps: Complexes, matrices: Complexes, left: Complexes, gradients: Floats
    ) -> None:
        """Add the derivatives of all matrices to the gradients.

        Args:
            overlaps: For each matrix the overlaps of an observable's vector and the state after this matrix,
                shape (matrices, observables, rows, 2, 2).
            matrices: The matrices.
            left: The factors ``exp(i phi)``.
            gradients: Shape (angles, observables, rows).
        """
        if not self.names:
            return
        # Each derivative is 2 Re tr(K^T overlaps), where K is the derivative of the matrix, multiplied from
        # the right with its inverse. The K of gamma, phi, lambda and theta are simple.
        column = matrices[:, np.newaxis, :, :, 1]
        left = left[:, np.newaxis]
        trace = overlaps[..., 0, 0] + overlaps[..., 1, 1]
        by_lambda = np.einsum("mori,mori->mor", column, (overlaps @ column.conj()[..., np.newaxis])[..., 0])
        by_theta = (left * overlaps[..., 1, 0] - left.conj() * overlaps[..., 0, 1]).real
        by_euler = np.stack([by_theta, *(-2 * x.imag for x in (overlaps[..., 1, 1], by_lambda, trace))])
        numbers, coefficients, _ = self._tables
        by_angle = np.einsum("emor,mae->maor", by_euler, coefficients)
        is_free = numbers >= 0
        np.add.at(gradients, numbers[is_free], by_angle[is_free])


@cache
def _constant_matrix(name: str) -> Complexes:
    matrix: Complexes = np.asarray(GATES[name].constructor().to_matrix(), dtype=np.complex128)
    return matrix
