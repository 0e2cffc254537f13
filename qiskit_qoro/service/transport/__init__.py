"""Send requests and read their answers. This is the only package that uses ``requests``."""

from qiskit_qoro.service.transport.answers import json_of, read_answer, text_of
from qiskit_qoro.service.transport.in_process import InProcessAdapter, Link
from qiskit_qoro.service.transport.request_errors import DeadlineError
from qiskit_qoro.service.transport.transport import (
    CONNECT_TIMEOUT_S,
    MAX_ATTEMPTS,
    MAX_RETRY_AFTER_S,
    Response,
    Transport,
)

__all__ = [
    "CONNECT_TIMEOUT_S",
    "MAX_ATTEMPTS",
    "MAX_RETRY_AFTER_S",
    "DeadlineError",
    "InProcessAdapter",
    "Link",
    "Response",
    "Transport",
    "json_of",
    "read_answer",
    "text_of",
]
