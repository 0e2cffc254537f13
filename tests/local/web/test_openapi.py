"""The OpenAPI document and the start page. The contract tests check every answer against the document."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
import requests
from jsonschema import Draft202012Validator

from qiskit_qoro.local import Account, Fault, FaultInjection, LocalService, serve
from qiskit_qoro.local.web.docs_page import render_page
from qiskit_qoro.local.web.handlers import HANDLERS
from qiskit_qoro.local.web.openapi import OPERATIONS, build_document
from qiskit_qoro.local.web.schemas import SCHEMAS
from qiskit_qoro.models.config import API_META_KEYS, ExecutionConfig
from qiskit_qoro.models.maestro import MaestroConfig
from qiskit_qoro.wire.endpoints import CREATE_FAILED_JOB, CREDIT_TRANSACTIONS, GET_STATUS, INIT_JOB


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build_document("/api", FaultInjection())


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_endpoint_with_a_handler_is_documented(document: dict[str, Any]) -> None:
    assert HANDLERS.keys() <= OPERATIONS.keys()
    documented = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert documented == {(endpoint.method, endpoint.path) for endpoint in HANDLERS}


def test_every_schema_is_valid_and_used(document: dict[str, Any]) -> None:
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)
    bodies = {
        name for operation in OPERATIONS.values() for name in (operation.request, *operation.answers.values())
    }
    referred = {name.rpartition("/")[2] for name in references(document)}
    assert referred <= SCHEMAS.keys()
    assert referred | bodies - {None} == SCHEMAS.keys()


def test_the_schemas_of_configurations_have_all_their_fields() -> None:
    execution = SCHEMAS["ExecutionConfiguration"]["properties"]
    assert execution.keys() == ExecutionConfig.wire_names()
    assert execution["api_meta"]["properties"].keys() == set(API_META_KEYS)
    assert SCHEMAS["MaestroConfig"]["properties"].keys() == MaestroConfig.option_names()


def test_every_example_is_valid(document: dict[str, Any]) -> None:
    examples = 0
    for operation in OPERATIONS.values():
        if operation.example is not None:
            schema = {
                "$ref": f"#/components/schemas/{operation.request}",
                "components": document["components"],
            }
            Draft202012Validator(schema).validate(operation.example)
            examples += 1
    assert examples > 0


def test_the_schemas_accept_valid_bodies_and_reject_invalid_ones(document: dict[str, Any]) -> None:
    def is_valid(name: str, value: Any) -> bool:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        return bool(Draft202012Validator(schema).is_valid(value))

    upload = {"mode": "append", "finalized": "true", "circuits": {"a": "x"}}
    assert is_valid("Upload", upload | {"shots": 1})
    assert not is_valid("Circuits", upload)
    assert is_valid("Upload", upload)  # the circuits of a STATE job
    assert not is_valid("StateCircuits", upload | {"shots": 1})
    assert not is_valid("Upload", upload | {"shots": 1, "observables": "@gzs1:x"})
    assert not is_valid("JobState", {"status": "DREAMING"})
    assert not is_valid("ResultsPage", {"count": 1, "next": None, "previous": None, "results": [{}]})


def test_exactly_the_calls_that_need_credits_document_402(document: dict[str, Any]) -> None:
    answers = {
        call["operationId"]: set(call["responses"])
        for operations in document["paths"].values()
        for call in operations.values()
    }
    assert {name for name, statuses in answers.items() if "402" in statuses} == {
        "init_job",
        "create_failed_job",
        "submit_qubo",
    }
    with serve(workers=1, accounts={"poor-token": Account("poor", credits=Decimal(0))}) as service:
        for path in (INIT_JOB.path, CREATE_FAILED_JOB.path):
            body = (
                {"tag": "a"}
                if path == CREATE_FAILED_JOB.path
                else {"tag": "a", "job_type": "EXECUTE", "simulator_cluster": "qoro_maestro"}
            )
            header = {"Authorization": "Bearer poor-token"}
            assert requests.post(service.url + path, json=body, headers=header, timeout=60).status_code == 402


def test_the_documented_maximum_of_page_is_the_largest_accepted_one(
    document: dict[str, Any], local_service: LocalService
) -> None:
    (page, _) = document["paths"][CREDIT_TRANSACTIONS.path]["get"]["parameters"]
    last = page["schema"]["maximum"]
    for number, status in ((last, 404), (last + 1, 400)):
        answer = requests.get(
            local_service.url + CREDIT_TRANSACTIONS.path,
            params={"page": number},
            headers={"Authorization": f"Bearer {local_service.token}"},
            timeout=60,
        )
        assert answer.status_code == status


def test_the_answers_of_injected_faults_are_documented() -> None:
    faults = (Fault.parse("429:0.1:get_status"), Fault.parse("html:0.1:get_status"))
    document = build_document("/api", FaultInjection(faults=faults))
    assert "fault 429 in 0.1 of get_status" in document["info"]["description"]
    assert {"429", "502"} <= document["paths"][GET_STATUS.path]["get"]["responses"].keys()
    assert not {"429", "502"} & document["paths"]["/"]["get"]["responses"].keys()


# --- the start page -------------------------------------------------------------------------------------


def test_the_page_and_the_document_need_no_token(local_service: LocalService) -> None:
    root = local_service.url.removesuffix("/api")
    page = requests.get(f"{root}/docs", timeout=60)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert requests.get(f"{root}/", timeout=60).text == page.text
    document = requests.get(f"{root}/api/openapi.json", timeout=60).json()
    assert document["openapi"].startswith("3.1")
    assert requests.post(f"{root}/docs", timeout=60).status_code == 405


def test_the_page_lists_every_call_and_loads_nothing_from_other_servers(document: dict[str, Any]) -> None:
    links: list[str] = []
    anchors: set[str] = set()

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert tag not in {"script", "link", "img", "iframe"}
            links.extend(value or "" for name, value in attrs if name in {"href", "src"})
            anchors.update(value or "" for name, value in attrs if name == "id")

    page = render_page(document, is_warning=False)
    Reader().feed(page)
    for endpoint in HANDLERS:
        assert f"{endpoint.method} /api{endpoint.path}" in page
    inside = {link.removeprefix("#") for link in links if link.startswith("#")}
    assert inside
    assert inside <= anchors
    assert {link for link in links if not link.startswith("#")} == {"/api/openapi.json"}


def test_the_page_escapes_text() -> None:
    document = build_document("/api", FaultInjection())
    document["info"]["description"] = "<script>alert(1)</script>"
    assert "<script" not in render_page(document, is_warning=False)


def test_the_page_refers_to_the_web_pages_if_they_are_on(document: dict[str, Any]) -> None:
    assert "/pages" not in render_page(document, is_warning=False)
    assert '<a href="/pages/">' in render_page(document, is_warning=False, pages_path="/pages")

    async def nothing(*_: object) -> None:
        raise AssertionError("the application is not called")

    with serve(workers=1) as service:
        address = service.url.removesuffix("/api") + "/docs"
        assert "/pages" not in requests.get(address, timeout=60).text
        service.parts.mounts["/pages"] = nothing
        assert '<a href="/pages/">' in requests.get(address, timeout=60).text


def test_browsers_show_the_style_of_the_page_and_run_nothing(local_service: LocalService) -> None:
    page = requests.get(local_service.url.removesuffix("/api") + "/docs", timeout=60)
    style = re.search(r"<style>(.*)</style>", page.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "unsafe" not in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_the_headings_and_the_tables_of_the_page_have_a_structure(document: dict[str, Any]) -> None:
    levels: list[int] = []
    scopes: list[str | None] = []
    tables: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert "style" not in dict(attrs)
            if re.fullmatch("h[1-6]", tag):
                levels.append(int(tag[1]))
            elif tag == "th":
                scopes.append(dict(attrs).get("scope"))
            elif tag in {"table", "caption"}:
                tables.append(tag)

    Reader().feed(render_page(document, is_warning=False))
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert set(scopes) == {"row"}
    assert tables == ["table", "caption"] * (len(tables) // 2)


def test_the_start_page_warns_if_fault_injection_is_on() -> None:
    fault_injection = FaultInjection(pending_time_s=2, faults=(Fault.parse("slow:0.5"),))
    with serve(workers=1, fault_injection=fault_injection) as service:
        page = requests.get(service.url.removesuffix("/api") + "/", timeout=60).text
    assert re.search(
        r'class="warning">Fault injection is on: every job stays PENDING for 2 s; fault slow in 0.5', page
    )
    assert 'class="warning"' not in render_page(build_document("/api", FaultInjection()), is_warning=False)


def test_a_page_of_transactions_has_20_by_default_and_at_most_100(document: dict[str, Any]) -> None:
    operation = document["paths"]["/credits/transactions/"]["get"]
    (page_size,) = (item["schema"] for item in operation["parameters"] if item["name"] == "page_size")
    assert (page_size["default"], page_size["maximum"]) == (20, 100)
