"""The authorities whose certificates a client accepts.

``requests`` has a list of authorities. ``REQUESTS_CA_BUNDLE`` replaces it, for every program that uses
``requests``. :data:`CA_VARIABLE` adds authorities for the clients of this package alone, so that the same
program reaches a service of a group and the cloud.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping

from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context

from qiskit_qoro.errors import QoroInputError

__all__ = ["BUNDLE_VARIABLES", "CA_VARIABLE", "authorities_file", "tls_settings"]

CA_VARIABLE = "QORO_CA_BUNDLE"
"""The environment variable that names a file with further authorities, in PEM format."""

BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""The environment variables that name a file with other authorities, for all programs with ``requests``."""


def authorities_file(environ: Mapping[str, str]) -> str | bool:
    """Return the file with the authorities, or ``True`` for those of ``requests``.

    ``requests`` looks into the environment for it only if it may use the proxies there, too.

    Args:
        environ: The environment variables.
    """
    named = (environ.get(variable) for variable in BUNDLE_VARIABLES)
    # Some releases of requests would replace the settings of TLS if there were no file.
    return next(filter(None, named), DEFAULT_CA_BUNDLE_PATH if environ.get(CA_VARIABLE) else True)


def tls_settings(environ: Mapping[str, str]) -> ssl.SSLContext | None:
    """Return settings with the further authorities, or ``None`` if there are none.

    Args:
        environ: The environment variables.

    Raises:
        QoroInputError: The file of the variable cannot be read, or has no certificates.
    """
    path = environ.get(CA_VARIABLE)
    if not path:
        return None
    context = create_urllib3_context()
    try:
        context.load_verify_locations(path)
    except OSError as error:  # also an error of the content
        raise QoroInputError(
            f"{CA_VARIABLE} is {path!r}, expected a file with certificates of authorities in PEM format, "
            f"such as https-authority.pem of qiskit-qoro certificates ({error.strerror or error})"
        ) from error
    return context
