"""Show Qiskit's types for PUBs by name, because each of them is a union that fills half a page.

``autodoc_type_aliases`` does not replace names inside other types, such as ``Iterable[EstimatorPubLike]``.
Autodoc evaluates annotations in their module, so this extension replaces the names in that module.
"""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from qiskit_qoro.primitives import estimator, sampler

MODULE_OF = {"EstimatorPubLike": estimator, "SamplerPubLike": sampler}


def setup(_app: Sphinx) -> ExtensionMetadata:
    """Replace each type with an empty class."""
    for name, module in MODULE_OF.items():
        setattr(module, name, type(name, (), {"__module__": "qiskit.primitives.containers"}))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
