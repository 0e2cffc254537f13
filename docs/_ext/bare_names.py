"""Resolve references to Python objects that Sphinx does not find.

- Docstrings refer to objects as ``:class:`JobConfig```, without the module. Such a name becomes a link to the
  only object with that name, in any module of this package or in the inventories of other projects.
- A public object is documented as ``qiskit_qoro.QoroBackend``. The name of the module that defines it,
  ``qiskit_qoro.backends.backend.QoroBackend``, becomes a link to it too.

A name that matches no object, or several, remains a warning.
"""

from api_table import documented_names
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.ext.intersphinx import InventoryAdapter, missing_reference
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata

PUBLIC = documented_names()


def documented_target(target: str) -> str:
    """Return the public name of an object or of its member, or the name itself."""
    owner, _, member = target.rpartition(".")
    if target in PUBLIC:
        return PUBLIC[target]
    return f"{PUBLIC[owner]}.{member}" if owner in PUBLIC else target


def resolve(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.Element | None:
    """Resolve a reference that Sphinx could not resolve."""
    if node["refdomain"] != "py":
        return None
    target = documented_target(node["reftarget"])
    objects = env.domains.python_domain.objects
    fitting = [
        name
        for name, found in objects.items()
        if not found.aliased and (name == target or name.endswith(f".{target}"))
    ]
    if len(fitting) == 1:
        found = objects[fitting[0]]
        return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, content, fitting[0])
    return None if fitting else resolve_elsewhere(app, env, node, content)


def resolve_elsewhere(
    app: Sphinx, env: BuildEnvironment, node: addnodes.pending_xref, content: nodes.TextElement
) -> nodes.Element | None:
    """Resolve a reference to an object in an inventory, by its last name."""
    fitting = {
        item.uri: name
        for objtype, names in InventoryAdapter(env).main_inventory.items()
        if objtype.startswith("py:")
        for name, item in names.items()
        if name.endswith(f".{node['reftarget']}")
    }
    if len(fitting) != 1:
        return None
    node["reftarget"] = next(iter(fitting.values()))
    return missing_reference(app, env, node, content)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Handle unresolved references."""
    app.connect("missing-reference", resolve)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
