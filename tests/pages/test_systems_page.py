"""The pages of the systems: their status, their jobs, the maps of their QPUs, and the errors in tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from urllib.parse import parse_qs, urlsplit

import pytest

from qiskit_qoro import QoroProvider
from qiskit_qoro.models.devices import DeviceProperties, OperationProperties
from qiskit_qoro.models.systems import QPU, QPUSystem, SimulatorCluster
from qiskit_qoro.pages.results.device_tables import device_tables
from qiskit_qoro.pages.views import TargetView

from .reading import ReadPage, read_page
from .sample import SampleSource
from .serving import Served, serve_pages


def line_of(count: int, status: str = "online") -> QPU:
    """A QPU whose qubits are coupled in a line. The errors grow along it."""
    operations = [OperationProperties("measure", (qubit,), 0.01 + 1e-4 * qubit) for qubit in range(count)]
    operations += [OperationProperties("cz", (qubit, qubit + 1), 0.005) for qubit in range(count - 1)]
    return QPU(f"line_{count}", count, status, "invented", properties=DeviceProperties(tuple(operations)))


class Targets(SampleSource):
    def __init__(self, *targets: TargetView) -> None:
        super().__init__([])
        self._targets = list(targets)

    def targets(self) -> list[TargetView]:
        return self._targets


def read(*targets: TargetView, page: str = "systems") -> ReadPage:
    with serve_pages({"local": Targets(*targets)}) as served:
        answer = served.browser().get(f"{served.url}/pages/{page}")
        assert answer.status_code == 200
        return read_page(answer.text)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serve_pages({"local": SampleSource()}) as served:
        yield served


def test_the_overview_has_a_section_for_each_system_that_leads_to_its_page(served: Served) -> None:
    browser = served.browser()
    page = read_page(browser.get(f"{served.url}/pages/systems").text)
    assert [text for level, text in page.headings if level == 2] == [
        "qoro_maestro",
        "local_qpu",
        "local_heavy_hex",
    ]
    for name in ("qoro_maestro", "local_qpu", "local_heavy_hex"):
        (address,) = (address for text, address in page.links if text == name)
        single = read_page(browser.get(served.url + address).text)
        assert single.headings[0] == (1, name)
        code = f"provider = QoroProvider() backend = provider.get_backend('{name}')"
        assert f"from qiskit_qoro import QoroProvider {code}" in single.text


def test_the_numbers_are_those_that_a_client_gets(provider: QoroProvider, served: Served) -> None:
    system = next(found for found in provider.service.fetch_qpu_systems() if found.name == "local_heavy_hex")
    (qpu,) = system.qpus
    assert qpu.properties is not None
    page = read_page(served.browser().get(f"{served.url}/pages/systems?name=local_heavy_hex").text)
    summary, qubits, pairs = page.tables
    readout = [qpu.properties.error("measure", qubit) or 0.0 for qubit in range(27)]
    assert summary.rows[0] == ["Readout error", *(f"{100 * f(readout):#.3g} %" for f in (min, median, max))]
    assert [row[1] for row in qubits.rows] == [f"{100 * error:#.3g} %" for error in readout]
    t1_s = [qubit.t1_s or 0.0 for qubit in qpu.properties.qubits]
    assert [float(row[3].removesuffix(" µs")) for row in qubits.rows] == pytest.approx(
        [1e6 * time for time in t1_s], rel=5e-3
    )
    assert {row[0]: row[1] for row in pairs.rows} == {
        f"{one}–{other}": f"{100 * (qpu.properties.error('cz', one, other) or 0):#.3g} %"
        for one, other in qpu.properties.pairs
    }
    assert next(row for row in summary.rows if row[0] == "T1")[1] == f"{1e6 * max(t1_s):.0f} µs"


def test_jobs_that_wait_or_run_lead_to_the_list_of_these_jobs() -> None:
    page = read(TargetView(SimulatorCluster("a b&c"), 1200, 1))
    links = {text: address for text, address in page.links if "/jobs?" in address}
    assert list(links) == ["1,200 waiting on a b&c", "1 running on a b&c"]
    assert parse_qs(urlsplit(links["1 running on a b&c"]).query) == {"text": ["a b&c"], "status": ["RUNNING"]}


@pytest.mark.parametrize(("pending", "running"), [(0, 0), (None, None)])
def test_a_system_without_unfinished_jobs_has_no_links_to_them(
    pending: int | None, running: int | None
) -> None:
    page = read(TargetView(SimulatorCluster("qoro"), pending, running))
    assert not [address for _, address in page.links if "/jobs?" in address]
    assert page.facts.get("Unfinished jobs") == (None if pending is None else "none")


def test_the_status_of_each_system_and_qpu_is_a_word() -> None:
    page = read(
        TargetView(QPUSystem("on", (line_of(3), replace(line_of(4), status="offline")))),
        TargetView(QPUSystem("off", (line_of(5, status="maintenance"),))),
        TargetView(QPUSystem("without")),
        TargetView(QPUSystem("odd", (line_of(6, status=""),))),
    )
    badges = [attributes["class"] for _, attributes in page.tags if "badge " in attributes.get("class", "")]
    levels = ["good", "good", "bad", "bad", "bad", "bad", "good", "good"]
    assert badges == [f"badge {level}" for level in levels]
    for text in ("on operational", "line_3 online", "line_4 offline", "off not operational"):
        assert text in page.text
    assert "The service lists no QPU of this system." in page.text


@pytest.mark.parametrize(("count", "has_map"), [(200, True), (201, False)])
def test_a_device_that_is_too_large_to_draw_has_tables_only(count: int, has_map: bool) -> None:
    page = read(TargetView(QPUSystem("line", (line_of(count),))), page="systems?name=line")
    drawn = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert bool(drawn) == has_map
    assert ("too dense to read" in page.text) != has_map
    assert len(page.tables[1].rows) == count
    assert len(page.tables[2].rows) == count - 1


def test_a_map_has_a_text_that_says_which_qubits_are_coupled() -> None:
    drawing = device_tables(line_of(4)).drawing
    assert 'role="img"' in drawing
    assert "<title>Map of line_4</title>" in drawing
    assert "4 qubits. Coupled pairs: 0–1, 1–2, 2–3." in drawing
    assert "style" not in drawing


def test_the_tables_of_a_huge_device_are_cut() -> None:
    tables = device_tables(replace(line_of(3), q_bits=2**40))
    assert len(tables.qubits) == 1000
    assert tables.left_out == "Only the first 1,000 qubits are shown."
    assert tables.drawing == ""


def test_values_that_are_unknown_or_no_numbers_are_dashes() -> None:
    operations = (
        OperationProperties("measure", (0,), float("nan")),
        OperationProperties("cz", (0, 1), None),
        OperationProperties("sx", (1,), 2e-7),
    )
    tables = device_tables(QPU("odd", 2, "online", "x", properties=DeviceProperties(operations)))
    assert tables.qubits == [("0", "–", "–", "–", "–"), ("1", "–", "2e-05 %", "–", "–")]
    assert tables.pairs == [("0–1", "–")]
    assert tables.summary == [("One-qubit gate error", "2e-05 %", "2e-05 %", "2e-05 %")]


def test_an_unknown_system_is_not_found(served: Served) -> None:
    answer = served.browser().get(f"{served.url}/pages/systems?name=<b>nothing")
    assert answer.status_code == 404
    assert "There is no system '&lt;b&gt;nothing'." in answer.text.replace("&#39;", "'")


def test_names_of_a_service_are_escaped_and_their_pages_can_be_opened() -> None:
    name = "<b>'x'\u202e/..?#"
    target = TargetView(QPUSystem(name, (replace(line_of(2), nickname="<i>"),)), 1, 0)
    with serve_pages({"local": Targets(target)}) as served:
        browser = served.browser()
        page = read_page(browser.get(f"{served.url}/pages/systems").text)
        (address,) = (address for text, address in page.links if text.startswith("<b>"))
        answer = browser.get(served.url + address)
    assert answer.status_code == 200
    assert "<b>" not in answer.text
    assert "\u202e" not in answer.text
    assert (1, "<b>'x'\\u202e/..?#") in read_page(answer.text).headings


def test_an_account_without_systems_is_told_so() -> None:
    assert "No systems are known" in read().text
