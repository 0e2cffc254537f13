"""Fill in the pages that show measurements, and draw their pictures, from the records of the benchmarks."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from cluster_plots import draw_cluster
from pages import CLUSTER_RECORD, MAIN_RECORD, RECORDS, fill_in
from plots import draw
from record import Record

PICTURES = "reference/measured"


def _fill_in(app: Sphinx, name: str, source: list[str]) -> None:
    """Put measurements in place of the placeholders of a page."""
    record = RECORDS.get(name)
    if record is not None:
        source[0] = fill_in(source[0], Record.read(record))
        app.env.note_dependency(str(record))


def _draw(app: Sphinx) -> None:
    """Draw the pictures, and write those that have changed. They are not kept in the repository."""
    folder = Path(app.srcdir) / PICTURES
    folder.mkdir(exist_ok=True)
    with TemporaryDirectory() as drawn:
        draw(Record.read(MAIN_RECORD), Path(drawn))
        draw_cluster(Record.read(CLUSTER_RECORD), Path(drawn))
        for picture in Path(drawn).iterdir():
            kept = folder / picture.name
            if not kept.exists() or kept.read_bytes() != picture.read_bytes():
                shutil.copyfile(picture, kept)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Connect both steps."""
    app.connect("builder-inited", _draw)
    app.connect("source-read", _fill_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
