"""Recipes outside of labels: in the file that a user saves, and in the journal of this machine.

Both hold the same JSON as the labels would, with the kind of the recipe beside it; the journal compressed.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qiskit_qoro.errors import QoroInputError, WireError
from qiskit_qoro.primitives.estimator_recipe import EstimatorRecipe
from qiskit_qoro.primitives.recipes import Recipe
from qiskit_qoro.primitives.sampler_recipe import SamplerRecipe

__all__ = ["RECIPES", "load_file", "pack_recipe", "save_file", "unpack_recipe"]

RECIPES: Mapping[str, type[Recipe]] = {kind.kind: kind for kind in (EstimatorRecipe, SamplerRecipe)}
"""The recipes, by the kind of structure in labels."""

_FORMAT = "qiskit-qoro primitive job"
_VERSION = 1


def pack_recipe(recipe: Recipe) -> bytes:
    """A recipe for the journal."""
    return zlib.compress(json.dumps(_body(recipe)).encode())


def unpack_recipe(data: bytes) -> Recipe:
    """The recipe that :func:`pack_recipe` packed.

    Raises:
        WireError: It is damaged, or of a newer version.
    """
    try:
        return _read_body(json.loads(zlib.decompress(data)))
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise WireError(f"what the journal keeps of the PUBs is damaged: {error}") from error


def save_file(path: str | Path, job_ids: Sequence[str], recipe: Recipe) -> None:
    """Write a job to a file.

    Raises:
        OSError: The file cannot be written.
    """
    document = {"format": _FORMAT, "jobs": list(job_ids)} | _body(recipe)
    Path(path).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def load_file(path: str | Path) -> tuple[list[str], Recipe]:
    """The job that :func:`save_file` wrote.

    Raises:
        QoroInputError: The file holds no job, or one of a newer version.
        OSError: The file cannot be read.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        if document["format"] != _FORMAT:
            raise WireError(f"its format is {document['format']!r}, expected {_FORMAT!r}")
        return [str(job_id) for job_id in document["jobs"]], _read_body(document)
    except (ValueError, KeyError, TypeError) as error:
        raise QoroInputError(f"{path} holds no job of a primitive: {error}") from error


def _body(recipe: Recipe) -> dict[str, Any]:
    return {"version": _VERSION, "kind": recipe.kind, "recipe": recipe.to_document()}


def _read_body(document: Mapping[str, Any]) -> Recipe:
    if document["version"] != _VERSION:
        raise WireError(
            f"it is of version {document['version']!r}, this release reads {_VERSION}: update the package"
        )
    return RECIPES[document["kind"]].from_document(document["recipe"])
