"""Link a bare name in a docstring to the only documented object with that name, in any module.

Docstrings refer to objects as ``:class:`JobConfig```, without the module. Sphinx resolves such a name only
in the module of the docstring. A name that matches no object, or several, remains a warning.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata


def resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.Element | None:
    """Resolve a reference that Sphinx could not resolve."""
    if node["refdomain"] != "py":
        return None
    objects = env.domains.python_domain.objects
    fitting = [name for name in objects if name.endswith(f".{node['reftarget']}")]
    if len(fitting) != 1:
        return None
    found = objects[fitting[0]]
    return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, content, fitting[0])


def setup(app: Sphinx) -> ExtensionMetadata:
    """Handle unresolved references."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
