"""The chain rule for gradients: from derivatives by angles to derivatives by parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from qiskit_qoro.errors import WireError
from qiskit_qoro.primitives.postprocess.postprocessor import pack_integers, unpack_integers
from qiskit_qoro.wire.fields import as_count, as_object

__all__ = ["ChainRule"]

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ChainRule:
    """The derivatives of angles by parameters. Each angle depends on few parameters, so these are pairs.

    Attributes:
        num_parameters: The number of parameters.
        angles: The angle of each pair.
        parameters: The parameter of each pair.
        slopes: The derivative of each pair for each row of parameter values, shape (rows, pairs), or
            (1, pairs) if it is the same for all rows.
    """

    num_parameters: int
    angles: tuple[int, ...]
    parameters: tuple[int, ...]
    slopes: Floats

    def apply(self, by_angle: Floats, rows: Integers) -> Floats:
        """Turn derivatives by angles into derivatives by parameters.

        Args:
            by_angle: The derivatives of some elements, shape (elements, angles).
            rows: The row of parameter values of each element.

        Returns:
            Shape (elements, parameters).
        """
        return self._sum(by_angle[:, self.angles] * self._slopes_of(rows))

    def apply_to_variances(self, by_angle: Floats, rows: Integers) -> Floats:
        """Turn variances of independent derivatives by angles into variances by parameters."""
        return self._sum(by_angle[:, self.angles] * np.square(self._slopes_of(rows)))

    def _slopes_of(self, rows: Integers) -> Floats:
        return self.slopes if len(self.slopes) == 1 else self.slopes[rows]

    def _sum(self, by_pair: Floats) -> Floats:
        found = np.zeros((self.num_parameters, len(by_pair)))
        np.add.at(found, np.array(self.parameters, dtype=np.int64), by_pair.T)
        return found.T

    def to_document(self) -> dict[str, Any]:
        """Return the rule as a JSON value."""
        # Most slopes are 1 in all pairs, and one number stands for them.
        is_uniform = self.slopes.size > 0 and (self.slopes == self.slopes.flat[0]).all()
        return {
            "n": self.num_parameters,
            "a": pack_integers(self.angles),
            "p": pack_integers(self.parameters),
            "d": float(self.slopes.flat[0]) if is_uniform else self.slopes.tolist(),
        }

    @classmethod
    def from_document(cls, document: Any, *, num_rows: int, num_angles: int) -> ChainRule:
        """Rebuild a rule from the value that :meth:`to_document` returned."""
        fields = as_object(document, "the chain rule")
        angles, parameters = unpack_integers(fields["a"]), unpack_integers(fields["p"])
        num_parameters = as_count(fields["n"], "n", least=0)
        for numbers, bound in ((angles, num_angles), (parameters, num_parameters)):
            if numbers and not 0 <= min(numbers) <= max(numbers) < bound:
                raise WireError(f"expected numbers below {bound}, got others")
        slopes = np.array(fields["d"], dtype=np.float64)
        if slopes.ndim == 0 or not angles:
            slopes = np.full((1, len(angles)), slopes.flat[0] if slopes.size else 0.0)
        slopes = slopes.reshape(len(slopes), len(angles))
        if len(parameters) != len(angles) or len(slopes) not in (1, num_rows):
            raise WireError("expected a slope for each pair of an angle and a parameter, got others")
        return cls(num_parameters, tuple(angles), tuple(parameters), slopes)
