"""Record the steps of the worker processes, whose search path begins with this folder.

Python imports this module when a process starts.
"""

import os
import sys

# Workers are started with `-c`. The main process installs the recorder itself, when it is ready to measure.
if "TRACE_FILE" in os.environ and sys.argv[:1] == ["-c"]:
    import tracing

    tracing.install("worker", os.open(os.environ["TRACE_FILE"], os.O_WRONLY | os.O_APPEND))
