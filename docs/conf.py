"""Sphinx configuration. The build works without a network, and warnings are errors."""

import sys
from pathlib import Path

from qiskit_qoro import __version__

sys.path.append(str(Path(__file__).parent / "_ext"))

project = "qiskit-qoro"
author = "The qiskit-qoro maintainers"
project_copyright = f"2026, {author}"
version = release = __version__

extensions = [
    "bare_names",
    "characterization_table",
    "command_reference",
    "endpoint_table",
    "engine_option_table",
    "monitoring_tables",
    "myst_parser",
    "noise_setter_table",
    "qiskit_sphinx_theme",
    "short_types",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "_ext"]

html_theme = "qiskit-ecosystem"
html_title = f"{project} {release}"

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

# Internal types that occur in signatures and have no page.
_INTERNAL = (
    "Batches|CheckedTemplate|Clock|Deadline|Endpoint|EngineOption|GradientValues|JobNotFoundError|Link"
    "|Measurement|MemberOf|PageOfJob|Postprocessor|PriceList|ProgressOptions|Report|Reservation|RunStructure"
    "|SavedJob|SavedRun|Secret|ServiceOrigin|ServiceOrigin|_Job|_Key|_T"
)

# Names of other projects are not links, because the build must work without a network.
nitpick_ignore_regex = [
    (
        r"py:.*",
        r"(collections|concurrent|contextlib|datetime|decimal|json|numbers|pathlib|threading|types|typing|uuid)\..*",
    ),
    (r"py:.*", r"(numpy|np|pandas|pd|qiskit|requests|rich|rustworkx)\..*"),
    (
        r"py:(class|exc)",
        r"ArrayLike|BackendV2|Path|QiskitBackendNotFoundError|QiskitError|Result|Target|datetime|timedelta",
    ),
    (r"py:(class|exc)", rf"(qiskit_qoro\.[\w.]+\.)?({_INTERNAL})"),
]
