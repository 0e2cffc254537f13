"""Link names of Qiskit, Python and NumPy, without a network.

The files in ``inventories`` list the names that our pages use. Before intersphinx reads its inventories, they
are written in Sphinx's format. A name that is in no list is an error in the build: add it, with the address
of its description.

The first line of a file is the address of the documentation. Each further line has a name, its kind and the
address of its description, which is relative to the first line.
"""

import zlib
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

LISTS = Path(__file__).parents[1] / "inventories"


def inventory(project: str, lines: list[str]) -> bytes:
    """Return an inventory in Sphinx's format, version 2."""
    header = f"# Sphinx inventory version 2\n# Project: {project}\n# Version: \n# Compressed with zlib.\n"
    rows = (f"{name} py:{kind} 1 {address} -\n" for name, kind, address in map(str.split, lines))
    return header.encode() + zlib.compress("".join(rows).encode())


def write_inventories(app: Sphinx, config: Config) -> None:
    """Write all inventories and tell intersphinx where they are."""
    folder = app.doctreedir / "inventories"
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(LISTS.glob("*.txt")):
        address, *lines = path.read_text(encoding="utf-8").splitlines()
        content = inventory(path.stem.title(), lines)
        # The name depends on the content, so that Sphinx resolves all references again if a list has changed.
        written = folder / f"{path.stem}-{zlib.crc32(content):08x}.inv"
        written.write_bytes(content)
        config.intersphinx_mapping[path.stem] = (address, str(written))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Write the inventories before intersphinx checks its configuration, which has priority 800."""
    app.setup_extension("sphinx.ext.intersphinx")
    app.connect("config-inited", write_inventories, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
