"""The guide of the command line: every sentence has a test, and every command in it is accepted.

``guide_promises.txt`` has the sentences of the guide in order, and below each of them the tests that check
it. ``-`` marks a sentence that promises nothing, such as a reason.
"""

from __future__ import annotations

import ast
import re
import shlex
import sys
from functools import cache
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest
from qiskit import QuantumCircuit, qasm2, qpy

from qiskit_qoro import NoiseModel, QoroProvider
from qiskit_qoro.cli import main
from qiskit_qoro.cli.parsing import parse
from qiskit_qoro.cli.program import build_parser
from qiskit_qoro.local import LocalService

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs/guides/command-line.md"
PROMISES = Path(__file__).parent / "guide_promises.txt"
JOB = "4f38be34-e1a8-47f1-b230-c8fb89f4150c"
# A sentence ends with a full stop or a colon before the next one, which begins with a capital or with code.
END = re.compile(r"(?<=[.:])\s+(?=[A-Z`\[])")


def sentences() -> list[str]:
    """The sentences of the guide, and the rows of its tables, without headings, pictures and code."""
    text = re.sub(r"^```.*?^```", "", GUIDE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    found: list[str] = []
    for paragraph in filter(None, map(str.strip, re.split(r"\n\s*\n", text))):
        if paragraph.startswith("|"):
            found += paragraph.splitlines()[2:]
        elif not paragraph.startswith(("#", "![")):
            found += END.split(" ".join(paragraph.split()))
    return found


def promises() -> dict[str, list[str]]:
    """Sentence to the tests that check it."""
    found: dict[str, list[str]] = {}
    for paragraph in PROMISES.read_text(encoding="utf-8").split("\n\n"):
        sentence, *tests = paragraph.splitlines()
        assert sentence not in found
        found[sentence] = [test.strip() for test in tests]
    return found


def shell_lines() -> list[str]:
    """The commands in the guide, without comments."""
    blocks = re.findall(
        r"^```(shell|text)\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    lines = [
        line.removeprefix("$ ")
        for kind, block in blocks
        for line in block.splitlines()
        if kind == "shell" or line.startswith("$ ")
    ]
    inline = re.findall(r"`(qiskit-qoro \w+ [^`]+)`", GUIDE.read_text(encoding="utf-8"))
    return [command for line in (*lines, *inline) for command in re.findall(r"qiskit-qoro [^|>)<#]*", line)]


@cache
def functions_of(path: str) -> dict[str, ast.FunctionDef]:
    """Name to each function of a module of tests."""
    body = ast.parse((ROOT / path).read_text(encoding="utf-8")).body
    return {node.name: node for node in body if isinstance(node, ast.FunctionDef)}


def checks_something(path: str, name: str) -> bool:
    """Whether a function contains an assertion, or calls one of its module that does."""
    code = ast.unparse(functions_of(path)[name])
    called = set(re.findall(r"\b(\w+)\(", code)) & set(functions_of(path)) - {name}
    return re.search(r"\bassert\b|pytest\.raises|\.show\(", code) is not None or any(
        checks_something(path, function) for function in called
    )


def test_every_sentence_is_in_the_list_in_order() -> None:
    listed, written = list(promises()), sentences()
    assert {
        "in the guide, not in the list": [sentence for sentence in written if sentence not in listed],
        "in the list, not in the guide": [sentence for sentence in listed if sentence not in written],
    } == {"in the guide, not in the list": [], "in the list, not in the guide": []}
    assert listed == written


@pytest.mark.parametrize("sentence", promises())
def test_a_sentence_has_tests(sentence: str) -> None:
    named = promises()[sentence]
    assert named
    if named == ["-"]:
        return
    for name in named:
        path, _, test = name.partition("::")
        path = path if "/" in path else f"tests/cli/{path}"
        assert test in functions_of(path), f"{path} has no {test}"
        assert checks_something(path, test)


@pytest.mark.parametrize("line", shell_lines())
def test_a_command_in_the_guide_is_accepted(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Options may name files that are read when they are parsed.
    monkeypatch.chdir(tmp_path)
    Path("model.json").write_text("[]", encoding="utf-8")
    words = shlex.split(line)[1:]
    parse(build_parser(), [word.rstrip('"') for word in words])


# These need another service, a terminal, devices of IBM, or a signal. They have tests of their own.
ELSEWHERE = re.compile(
    r"login|logout|whoami|doctor|--account|fake_torino|--failed-only|--web|"
    "qiskit-qoro (?:serve|scheduler|worker)"
)
# A job that has ended cannot be cancelled any more.
EXIT_CODES = {"cancel": 1}


def test_the_commands_in_the_guide_run(
    account: LocalService,
    bell: str,
    provider: QoroProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("ghz", "wide"):
        Path(f"{name}.qasm").write_text(Path(bell).read_text(), encoding="utf-8")
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    Path("state.qasm").write_text(qasm2.dumps(circuit), encoding="utf-8")
    circuit.measure_all()
    with Path("circuits.qpy").open("wb") as file:
        qpy.dump(circuit, file)
    Path("model.json").write_text(NoiseModel().set_bit_flip(0, 0.1).to_json(), encoding="utf-8")
    Path("problem.json").write_text("[[-2, 1, 1], [1, -2, 1], [1, 1, -2]]", encoding="utf-8")
    Path("problem.csv").write_text("-2,1,1\n1,-2,1\n1,1,-2\n", encoding="utf-8")
    job_ids = []
    for _ in range(2):
        job = provider.get_backend().run(circuit)
        job.result()
        job_ids.append(job.job_id())
    report = provider.service.characterize_and_validate({"0": -1.0}, options={"preset": "fast"})
    # The identifiers in the guide, complete and shortened.
    known = {
        f"--job {JOB}": f"--job {report['job_id']}",
        JOB: job_ids[0],
        JOB[:8]: job_ids[0][:13],
        "9ab01c22": job_ids[1][:13],
        "$id": job_ids[1],
    }
    failed = []
    for line in shell_lines():
        if ELSEWHERE.search(line):
            continue
        command = line
        for example, identifier in known.items():
            command = command.replace(example, identifier)
        words = shlex.split(command)[1:]
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(Path(bell).read_bytes())))
        code = main(words)
        if code != EXIT_CODES.get(words[0], 0):
            failed.append((line, code, capsys.readouterr().err))
    assert failed == []


def test_no_option_takes_the_token_of_a_service() -> None:
    for name, parser in build_parser().commands.items():
        assert name == "serve" or not [option for option in parser.option_names() if "token" in option]


def test_the_reference_lists_the_json_of_every_command() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text(encoding="utf-8")
    _, _, section = page.partition("\n## JSON\n")
    first_cells = " ".join(line.split("|")[1] for line in section.splitlines() if line.startswith("| `"))
    with_json = [
        name for name, parser in build_parser().commands.items() if "--json" in parser.option_names()
    ]
    assert [name for name in with_json if f"`{name}`" not in first_cells] == []
