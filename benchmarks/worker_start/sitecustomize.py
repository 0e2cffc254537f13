"""Change what the worker processes do whose search path begins with this folder.

``TRACE_FILE`` names a file that their steps are recorded in. ``ENGINE_WAIT_S`` is a time that they wait
before each call of the engine. Python imports this module when a process starts.
"""

import os
import sys

# Workers are started with `-c`. The main process installs the recorder itself, when it is ready to measure.
if sys.argv[:1] == ["-c"]:
    if "TRACE_FILE" in os.environ:
        import tracing

        tracing.install("worker", os.open(os.environ["TRACE_FILE"], os.O_WRONLY | os.O_APPEND))
    if "ENGINE_WAIT_S" in os.environ:
        import waiting

        waiting.install(float(os.environ["ENGINE_WAIT_S"]))
