"""The drawn figures of the documentation. Each is a function that returns a finished :class:`Canvas`.

The figures take their names from the code: a package, a status or a call that no longer exists is an error.
This package needs neither Sphinx nor docutils. The directive is in ``drawing.py``.
"""

from collections.abc import Callable

from drawn.architecture import draw_architecture
from drawn.bit_orders import draw_bit_orders
from drawn.canvas import Canvas
from drawn.job_timeline import draw_job_timeline
from drawn.lab import draw_lab
from drawn.layers import draw_layers
from drawn.local_processes import draw_local_processes
from drawn.request_checks import draw_request_checks

__all__ = ["DRAWINGS", "Canvas"]

DRAWINGS: dict[str, Callable[[], Canvas]] = {
    "architecture": draw_architecture,
    "bit-orders": draw_bit_orders,
    "job-timeline": draw_job_timeline,
    "lab": draw_lab,
    "layers": draw_layers,
    "local-processes": draw_local_processes,
    "request-checks": draw_request_checks,
}
