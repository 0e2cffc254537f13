"""The token, the service, and what the token may do there."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from qiskit_qoro.cli.diagnosis.findings import Finding, Level
from qiskit_qoro.display.times import duration
from qiskit_qoro.errors import AuthenticationError, NotFoundError, QoroError
from qiskit_qoro.provider import QoroProvider
from qiskit_qoro.service.credentials import (
    URL_VARIABLE,
    Credentials,
    describe_ignored_files,
    find_credentials,
    find_url_setting,
    is_loopback,
    is_token_set,
)
from qiskit_qoro.service.transport.authorities import BUNDLE_VARIABLES, CA_VARIABLE

__all__ = ["find_token", "network_settings", "service"]

_CONNECT_TIMEOUT_S = 5.0
_CERTIFICATES = (CA_VARIABLE, *BUNDLE_VARIABLES)
_PORTS = {"http": 80, "https": 443}


def find_token(url: str | None, account: str | None) -> tuple[Credentials | None, Finding]:
    """Find the token that commands use.

    Args:
        url: The address of the option ``--url``.
        account: The account of the option ``--account``.

    Returns:
        The token with its address, or ``None`` if there is none, and the finding.
    """
    try:
        if account is None and not is_token_set():
            return None, _without_token(url)
        found = find_credentials(None, url, account)
    except QoroError as error:
        return None, Finding("token", Level.PROBLEM, error.message)
    return found, Finding("token", Level.OK, f"from {found.source}, for {found.url}")


def _without_token(url: str | None) -> Finding:
    advice = "Save one with: qiskit-qoro login"
    address = url or find_url_setting()
    if address:
        text = "none, but the option --url" if url else f"none, but {URL_VARIABLE}"
        return Finding("token", Level.PROBLEM, f"{text} names a service{describe_ignored_files()}", advice)
    return Finding(
        "token", Level.NOTE, f"none, so commands use the local service{describe_ignored_files()}", advice
    )


def network_settings() -> Iterator[Finding]:
    """Find settings of the environment that change how the service is reached. Passwords are left out."""
    for scheme, proxy in sorted(getproxies().items()):
        if scheme in _PORTS:
            yield Finding("proxy", Level.OK, f"{scheme} requests go through {_without_user(proxy)}")
    for variable in _CERTIFICATES:
        path = os.environ.get(variable)
        if path and not Path(path).exists():
            yield Finding(
                "certificates",
                Level.PROBLEM,
                f"{variable} names {path}, which does not exist",
                "Correct or unset the variable",
            )


def _without_user(proxy: str) -> str:
    """Return the address of a proxy without a user name and a password."""
    scheme, separator, rest = proxy.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def service(
    credentials: Credentials,
    provider_class: type[QoroProvider],
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Finding]:
    """Examine whether the service answers, and what the token may do. Nothing is submitted.

    Args:
        credentials: The token and the address.
        provider_class: The class of the provider to connect with.
        clock: Measures how long an answer takes, in seconds.
    """
    problem = _connection_problem(credentials.url)
    if problem is not None:
        yield problem
        return
    with provider_class(credentials.token, base_url=credentials.url) as provider:
        begin = clock()
        try:
            provider.service.test_connection()
        except AuthenticationError as error:
            yield Finding(
                "service",
                Level.PROBLEM,
                f"{credentials.url} does not accept the token: {error.detail or error.status_code}",
                "Save a valid one with: qiskit-qoro login",
            )
            return
        except NotFoundError:
            yield Finding(
                "service",
                Level.PROBLEM,
                f"there is no service at {credentials.url}",
                "Check the path of the address, which usually ends with /api",
            )
            return
        except QoroError as error:
            has_tls = "WRONG_VERSION_NUMBER" not in error.message
            advice = "" if has_tls else "The service does not seem to use TLS: try http:// in its address"
            yield Finding("service", Level.PROBLEM, error.message, advice)
            return
        yield Finding("service", Level.OK, f"answers in {duration(clock() - begin)} and accepts the token")
        for name, allowed, fetch in (
            ("simulators", "listed", provider.service.fetch_simulator_clusters),
            ("QPU systems", "listed", provider.service.fetch_qpu_systems),
            ("credits", "left", provider.service.get_credit_balance),
        ):
            yield _permission(name, allowed, fetch)


def _permission(name: str, allowed: str, fetch: Callable[[], Any]) -> Finding:
    try:
        found = fetch()
    except (AuthenticationError, NotFoundError) as error:
        return Finding(name, Level.NOTE, f"the token may not read them ({error.status_code})")
    except QoroError as error:
        return Finding(name, Level.PROBLEM, error.message)
    number = found.get("balance", "unknown") if isinstance(found, dict) else len(found)
    return Finding(name, Level.OK, f"{number} {allowed}")


def _connection_problem(url: str) -> Finding | None:
    """Try to connect, to tell the reason if that fails. Behind a proxy only a request can tell."""
    parts = urlsplit(url)
    host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
    if not is_loopback(url) and parts.scheme in getproxies() and not proxy_bypass(host):
        return None
    try:
        socket.create_connection((host, port), timeout=_CONNECT_TIMEOUT_S).close()
    except socket.gaierror:
        text = f"the name {host} is unknown"
        advice = "Check the address and the network (DNS)"
    except ConnectionRefusedError:
        text, advice = f"nothing listens at {host} port {port}", "Check the address, or start the service"
    except TimeoutError:
        text = f"{host} port {port} does not answer within {_CONNECT_TIMEOUT_S:g} s"
        advice = "Check the network, a firewall or the settings of a proxy"
    except (OSError, UnicodeError) as error:
        text, advice = f"{host} cannot be reached: {error}", "Check the network"
    else:
        return None
    return Finding("service", Level.PROBLEM, text, advice)
