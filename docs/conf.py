"""Sphinx configuration. The build works without a network, and warnings are errors.

Pages with code cells are notebooks: the build executes them and shows their outputs.
"""

import logging
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from qiskit_qoro import __version__

DOCS = Path(__file__).parent
sys.path.append(str(DOCS / "_ext"))

# The cells must not use the account, the journal and the settings of the person who builds the pages.
# The kernel that JUPYTER_PATH adds shows figures with two pixels per point, and only its errors.
os.environ |= {
    "JUPYTER_PATH": str(DOCS / "_jupyter"),
    "MATPLOTLIBRC": str(DOCS / "matplotlibrc"),
    "QISKIT_QORO_ACCOUNTS": "off",
    "QISKIT_QORO_JOURNAL": "off",
    "QISKIT_QORO_PROGRESS": "off",
}
for name in ("QORO_API_KEY", "QORO_API_URL", "QORO_CA_BUNDLE"):
    os.environ.pop(name, None)
# nbclient logs the start of each kernel.
logging.getLogger("traitlets").setLevel(logging.WARNING)

project = "qiskit-qoro"
author = "The qiskit-qoro maintainers"
project_copyright = f"2026, {author}"
version = release = __version__

extensions = [
    "api_pages",
    "bare_names",
    "benchmark_pages",
    "class_texts",
    "command_reference",
    "described_pictures",
    "drawing",
    "error_reference",
    "generated_tables.characterization",
    "generated_tables.endpoints",
    "generated_tables.engine_options",
    "generated_tables.extras",
    "generated_tables.monitoring",
    "generated_tables.noise_setters",
    "generated_tables.promises",
    "kept_inventories",
    "myst_nb",
    "notebook_downloads",
    "offline",
    "reading_order",
    "repository_links",
    "short_types",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "terminal",
]
exclude_patterns = ["_build", "_ext", "_jupyter"]

html_theme = "furo"
html_title = f"{project} {release}"
# MathJax comes from a package, because the pages load nothing from other hosts. It is an extension too,
# but one that keeps Sphinx from reading pages in parallel.
# Most of its files are other combinations of the same parts.
exclude_patterns += [f"mathjax/{name}" for name in ("*-full*", "*-svg*", "mml-*", "tex-mml-*", "output/svg*")]
html_static_path = ["_static", str(Path(find_spec("sphinx-mathjax-offline").origin).parent / "static")]
mathjax_path = "mathjax/tex-chtml.js"
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False

copybutton_exclude = ".linenos, .gp, .go"

myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# The scripts for widgets are on another host.
nb_ipywidgets_js: dict[str, dict[str, str]] = {}
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
nb_execution_in_temp = True
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 180
nb_merge_streams = True
nb_output_stderr = "warn"

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# Internal types that occur in signatures and have no page, and types of packages without an inventory here.
_INTERNAL = (
    "Batches|CheckedTemplate|Clock|Deadline|Endpoint|JobNotFoundError|Link|Measurement|MemberOf|PageOfJob"
    "|Postprocessor|PriceList|ProgressOptions|Report|Reservation|Secret|ServiceOrigin|_Job|_T"
)
nitpick_ignore_regex = [
    # Some versions of NumPy name the module that defines the type.
    (r"py:class", r"numpy\._typing\..*"),
    (r"py:.*", r"(pandas|pd|requests|rich|rustworkx)\..*"),
    (r"py:(class|exc)", rf"(qiskit_qoro\.[\w.]+\.)?({_INTERNAL})"),
]
