"""Shows Qiskit's types for PUBs by their names: written out, each of them is half a page of unions.

``autodoc_type_aliases`` does not reach names inside of others, such as ``Iterable[EstimatorPubLike]``.
Autodoc evaluates annotations in the module that they stand in, so the names get another meaning there.
"""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from qiskit_qoro.primitives import estimator, sampler

MODULE_OF = {"EstimatorPubLike": estimator, "SamplerPubLike": sampler}


def setup(_app: Sphinx) -> ExtensionMetadata:
    """Put a class without content in place of each type."""
    for name, module in MODULE_OF.items():
        setattr(module, name, type(name, (), {"__module__": "qiskit.primitives.containers"}))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
