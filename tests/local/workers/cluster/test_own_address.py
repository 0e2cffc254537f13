"""The address of this machine for others is none that only this machine can use."""

from __future__ import annotations

import socket

import pytest

from qiskit_qoro.local.workers.cluster.programs.own_address import own_address

INTERFACES = ["127.0.0.1", "169.254.3.4", "10.77.0.1", "192.0.2.9"]


def no_route(_family: socket.AddressFamily) -> str:
    raise OSError("Network is unreachable")


@pytest.mark.parametrize(
    ("route", "interfaces", "expected"),
    [
        (lambda _: "192.0.2.9", INTERFACES, "192.0.2.9"),
        (no_route, INTERFACES, "10.77.0.1"),
        (lambda _: "0.0.0.0", INTERFACES, "10.77.0.1"),
        (no_route, ["127.0.0.1"], "lab"),
        (no_route, ["::1", "fe80::1%eth0", "2001:db8::7"], "2001:db8::7"),
    ],
    ids=["default route", "no default route", "route of nothing", "loopback only", "IPv6"],
)
def test_the_address_is_one_for_other_machines(route, interfaces, expected):
    assert (
        own_address(
            socket.AF_INET, of_default_route=route, of_interfaces=lambda _: interfaces, name=lambda: "lab"
        )
        == expected
    )


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_this_machine_has_an_address_or_a_name(family):
    assert own_address(family) not in {"", "127.0.0.1", "::1", "0.0.0.0", "::"}
