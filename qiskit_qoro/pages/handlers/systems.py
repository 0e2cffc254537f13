"""The systems that run jobs: an overview, and one page for each system."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qiskit_qoro.display.cards import Badge
from qiskit_qoro.display.reprs import counted
from qiskit_qoro.models.systems import QPU, SIMULATOR_WIDTH, QPUSystem
from qiskit_qoro.pages.handlers.paging import address_with
from qiskit_qoro.pages.handlers.requests import PageRequest
from qiskit_qoro.pages.rendering import Page
from qiskit_qoro.pages.results.device_tables import DeviceTables, device_tables
from qiskit_qoro.pages.source import MissingError
from qiskit_qoro.pages.views import TargetView

__all__ = ["systems_page"]

_REFRESH_S = 5
_CODE = """\
from qiskit_qoro import QoroProvider
provider = {provider}
backend = provider.get_backend({name!r})"""


@dataclass(frozen=True)
class _Jobs:
    """A link to the jobs of a target that have a status.

    Attributes:
        status: What they do, such as ``waiting``.
        number: How many there are.
        address: The filtered list of jobs.
    """

    status: str
    number: int
    address: str


@dataclass(frozen=True)
class _Device:
    """A QPU of a system."""

    qpu: QPU
    badge: Badge
    tables: DeviceTables


@dataclass(frozen=True)
class _Section:
    """What the pages show of a target.

    Attributes:
        name: Its name.
        kind: What it is.
        badge: Its status.
        facts: Name and value of its properties.
        jobs: The jobs of the account that wait for it or run on it; empty if unknown.
        devices: Its QPUs.
        address: Its own page.
        noise: A sentence about the noise of its jobs; empty if unknown.
        code: Python that gets its backend.
    """

    name: str
    kind: str
    badge: Badge
    facts: Sequence[tuple[str, str]]
    jobs: Sequence[_Jobs]
    devices: Sequence[_Device]
    address: str
    noise: str
    code: str


def systems_page(request: PageRequest) -> Page:
    """Show all systems, each with its QPUs; or the system that the query names.

    The name is in the query, because names of other services may contain slashes.
    """
    name = request.query.get("name", "")
    targets = request.source.targets()
    if name and targets:  # as long as a service has not answered, none is known
        return _system_page(name, targets, request)
    sections = [_section(target, request) for target in targets]
    return Page("Systems", "systems.html", {"sections": sections}, section="systems", refresh_s=_REFRESH_S)


def _system_page(name: str, targets: Sequence[TargetView], request: PageRequest) -> Page:
    """Show one system with the errors of all qubits and pairs. Only its jobs change by themselves."""
    target = next((target for target in targets if target.system.name == name), None)
    if target is None:
        raise MissingError(f"There is no system {name!r}.")
    values = {"section": _section(target, request)}
    return Page(name, "system_live.html", values, "system.html", "systems", _REFRESH_S)


def _section(target: TargetView, request: PageRequest) -> _Section:
    system = target.system
    is_simulator = not isinstance(system, QPUSystem)
    facts = [
        ("Qubits", _qubits(target)),
        ("Expectation values", "computed exactly" if system.supports_expval else "sampled"),
        ("Access", system.access_level.lower()),
    ]
    if not isinstance(system, QPUSystem):
        facts.append(("Tier", system.minimum_tier.lower()))
    provider = request.source.facts.provider_code
    numbers = (("PENDING", "waiting", target.num_pending), ("RUNNING", "running", target.num_running))
    return _Section(
        name=system.name,
        kind="Simulator cluster" if is_simulator else "QPU system",
        badge=_badge(is_operational=system.is_operational),
        facts=[(name, text) for name, text in facts if text],
        jobs=[
            _Jobs(word, number, address_with(f"{request.prefix}/jobs", {}, text=system.name, status=status))
            for status, word, number in numbers
            if number is not None
        ],
        devices=[
            _Device(qpu, _badge(is_operational=qpu.is_operational, text=qpu.status), device_tables(qpu))
            for qpu in (system.qpus if isinstance(system, QPUSystem) else ())
        ],
        address=address_with(f"{request.prefix}/systems", {}, name=system.name),
        noise=target.noise,
        code=_CODE.format(provider=provider, name=system.name),
    )


def _badge(*, is_operational: bool, text: str = "") -> Badge:
    if not is_operational:
        return Badge(text or "not operational", "bad")
    # A QPU whose status is unknown counts as operational.
    return Badge(text or "operational", "neutral" if text.lower() == "unknown" else "good")


def _qubits(target: TargetView) -> str:
    if not isinstance(target.system, QPUSystem):
        return f"up to {SIMULATOR_WIDTH:,}, as far as the memory allows"
    widths = [qpu.q_bits for qpu in target.system.qpus if qpu.q_bits]
    if not widths:
        return "unknown" if target.system.qpus else ""
    return (
        f"{widths[0]:,}" if len(widths) == 1 else f"up to {max(widths):,}, on {counted(len(widths), 'QPU')}"
    )
