"""The tables of tiers, prices, devices and options in the documentation agree with the code."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from statistics import fmean

import pytest

from qiskit_qoro.local.engine.devices import NOISY_DEVICES, QPU_SYSTEMS
from qiskit_qoro.local.engine.job_settings import DEVICE_OPTIONS
from qiskit_qoro.local.engine.noisy.methods import EXACT_QUBITS
from qiskit_qoro.local.store.ledger import PRICES, STARTING_GRANT
from qiskit_qoro.local.web.accounts import BOND_DIMENSION_CAPS, LOCAL_ACCOUNT, Account, Tier
from qiskit_qoro.local.web.openapi import EXTENSIONS
from qiskit_qoro.models.batches import DEFAULT_REALIZATIONS
from qiskit_qoro.models.jobs import JobType

PAGE = Path(__file__).parents[2] / "docs/explanation/local-service.md"


def section(heading: str) -> str:
    return PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]


def table(heading: str) -> list[list[str]]:
    rows = [line for line in section(heading).splitlines() if line.startswith("| ")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows[1:]]


def test_the_documented_tiers_have_the_limits_of_the_code() -> None:
    documented = {Tier(tier): None if cap == "any" else int(cap) for tier, cap in table("Accounts and tiers")}
    assert documented == BOND_DIMENSION_CAPS
    text = " ".join(section("Accounts and tiers").split())
    assert f"tier `{Account('x').tier}` and starts with {STARTING_GRANT} credits" in text
    assert f"tier `{LOCAL_ACCOUNT.tier}` and starts with {LOCAL_ACCOUNT.credits} credits" in text


def test_the_documented_extensions_are_those_of_the_code() -> None:
    assert [name for name, _ in table("Extensions")] == sorted(EXTENSIONS)


def test_the_documented_prices_are_those_of_the_code() -> None:
    documented = {JobType(kind): Decimal(price.split()[0]) for kind, price in table("Credits and prices")}
    assert documented == {
        kind: PRICES.per_variable if kind is JobType.VALIDATE else PRICES.per_circuit for kind in JobType
    }


def test_the_documented_devices_have_the_mean_error_rates_of_the_code() -> None:
    documented = [(name, list(map(float, figures))) for name, *figures in table("Noisy devices")]
    assert [name for name, _ in documented] == [item.name for item in NOISY_DEVICES]
    systems = {system.name: system for system in QPU_SYSTEMS}
    for item, (name, figures) in zip(NOISY_DEVICES, documented, strict=True):
        pairs: Iterable[tuple[int, int]] = combinations(range(item.num_qubits), 2)
        if name in systems and (properties := systems[name].qpus[-1].properties) is not None:
            pairs = properties.pairs
        rates = [item.errors.one_qubit, [item.errors.two_qubit[a][b] for a, b in pairs], item.errors.readout]
        assert figures == pytest.approx([item.num_qubits, *map(fmean, rates)], rel=1e-3)
    text = " ".join(section("How noise is simulated").split())
    assert f"up to {EXACT_QUBITS} qubits always" in text
    assert f"{DEFAULT_REALIZATIONS} times unless" in text


def test_the_documented_options_of_the_qpu_are_those_of_the_code() -> None:
    documented = [tuple(row[:3]) for row in table("Options of the local QPU")]
    assert documented == [
        (item.name, item.kind, "none" if item.default is None else str(item.default))
        for item in DEVICE_OPTIONS
    ]
