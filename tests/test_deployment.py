"""The files for those who run the service for a group: units, image, compose file, and the guide for them.

Every command line is parsed by the parser of the program, and every file that is named has to exist.
"""

from __future__ import annotations

import re
import runpy
import shlex
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from qiskit_qoro.cli.parsing import parse
from qiskit_qoro.cli.program import build_parser
from qiskit_qoro.local import LocalService
from qiskit_qoro.local.web.account_file import by_token, read_account_file
from qiskit_qoro.local.workers.cluster.certificate_folder import (
    CLUSTER_AUTHORITY,
    CLUSTER_CERTIFICATE,
    CLUSTER_KEY,
)
from qiskit_qoro.local.workers.cluster.started.cluster_file import read_cluster_file

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
GUIDE = ROOT / "docs/guides/from-laptop-to-lab.md"
PAGES = [DEPLOY / "README.md", GUIDE]
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
CLUSTER_FILES = {CLUSTER_AUTHORITY, CLUSTER_CERTIFICATE, CLUSTER_KEY}
# Options whose values are secrets. Other users can read a command line.
SECRET_OPTIONS = {"--token", "--account", "--metrics-token"}

HARDENING = {
    "CapabilityBoundingSet": [""],
    "DynamicUser": ["yes"],
    "KillMode": ["mixed"],
    "LockPersonality": ["yes"],
    "NoNewPrivileges": ["yes"],
    "OOMPolicy": ["continue"],
    "PrivateDevices": ["yes"],
    "PrivateTmp": ["yes"],
    "ProtectClock": ["yes"],
    "ProtectControlGroups": ["yes"],
    "ProtectHome": ["yes"],
    "ProtectHostname": ["yes"],
    "ProtectKernelLogs": ["yes"],
    "ProtectKernelModules": ["yes"],
    "ProtectKernelTunables": ["yes"],
    "ProtectProc": ["invisible"],
    "ProtectSystem": ["strict"],
    "RemoveIPC": ["yes"],
    "RestrictAddressFamilies": ["AF_INET AF_INET6 AF_NETLINK AF_UNIX"],
    "RestrictNamespaces": ["yes"],
    "RestrictRealtime": ["yes"],
    "RestrictSUIDSGID": ["yes"],
    "SystemCallArchitectures": ["native"],
    "SystemCallErrorNumber": ["EPERM"],
    "SystemCallFilter": ["@system-service", "~@privileged"],
    "UMask": ["0077"],
}
"""What every unit has."""


def settings_of(unit: Path) -> dict[str, list[str]]:
    """The settings of a unit, whatever their section."""
    text = re.sub(r"\\\n\s*", "", unit.read_text(encoding="utf-8"))
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line and not line.startswith(("#", "[")):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def environment_of(unit: Path) -> dict[str, str]:
    """The variables in the file of settings that a unit names."""
    (path,) = settings_of(unit)["EnvironmentFile"]
    lines = (DEPLOY / "systemd" / Path(path).name).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def words_of(unit: Path) -> list[str]:
    """The command line of a unit. As systemd does, only variables without braces become several words."""
    (line,) = settings_of(unit)["ExecStart"]
    variables = environment_of(unit)
    words: list[str] = []
    for word in shlex.split(line):
        if word.startswith("$") and word[1:] in variables:
            words += variables[word[1:]].split()
        else:
            words.append(re.sub(r"\$\{(\w+)\}", lambda match: variables[match[1]], word))
    return words


def interpolate(text: str) -> str:
    """A text of the compose file, with the defaults of its variables."""
    return re.sub(r"(?<!\$)\$\{\w+:-([^}]*)\}", r"\1", text).replace("$$", "$")


def compose_commands() -> dict[str, list[str]]:
    """The arguments of the program in each container that runs it."""
    commands = {name: service.get("command", []) for name, service in COMPOSE["services"].items()}
    script = " ".join(commands.pop("certificates"))
    found = {name: [interpolate(word) for word in command] for name, command in commands.items() if command}
    (line,) = re.findall(r"qiskit-qoro (.*)", interpolate(script))
    return {**found, "certificates": shlex.split(line)}


def lines_of_page(page: Path) -> Iterator[str]:
    """The command lines of the program on a page."""
    text = page.read_text(encoding="utf-8")
    for block in re.findall(r"^```(?:shell|console|sh)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        commands = block.replace("\\\n", " ")
        yield from re.findall(r"(?:^|[\s/(])(qiskit-qoro [^|>)<#\n]*)", commands, re.MULTILINE)
    yield from re.findall(r"`(qiskit-qoro \w+ [^`]+)`", text)


COMMAND_LINES = {
    **{unit.name: words_of(unit)[1:] for unit in UNITS},
    **{f"compose {name}": words for name, words in compose_commands().items()},
    **{
        f"{page.name}: {line.strip()}": shlex.split(line)[1:]
        for page in PAGES
        for line in lines_of_page(page)
    },
}


@pytest.mark.parametrize("words", COMMAND_LINES.values(), ids=COMMAND_LINES.keys())
def test_the_program_accepts_a_command_line(words: list[str]) -> None:
    parse(build_parser(), words)


@pytest.mark.parametrize("words", COMMAND_LINES.values(), ids=COMMAND_LINES.keys())
def test_no_token_is_on_a_command_line(words: list[str]) -> None:
    assert not SECRET_OPTIONS & set(words)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
class TestUnit:
    def test_it_is_hardened(self, unit: Path) -> None:
        settings = settings_of(unit)
        assert {key: settings.get(key) for key in HARDENING} == HARDENING

    def test_it_starts_with_the_machine_and_again_after_a_failure(self, unit: Path) -> None:
        settings = settings_of(unit)
        assert settings["WantedBy"] == ["multi-user.target"]
        assert settings["Restart"][0] in {"on-failure", "always"}

    def test_the_program_is_in_the_environment_that_the_page_makes(self, unit: Path) -> None:
        program = words_of(unit)[0]
        folder, name = program.rsplit("/bin/", 1)
        assert name in PYPROJECT["project"]["scripts"]
        assert f"python3 -m venv {folder}" in (DEPLOY / "README.md").read_text(encoding="utf-8")

    def test_the_files_that_it_names_are_credentials(self, unit: Path) -> None:
        credentials = dict(line.split(":", 1) for line in settings_of(unit)["LoadCredential"])
        assert credentials.keys() >= CLUSTER_FILES
        named = {word.removeprefix("%d/") for word in words_of(unit) if word.startswith("%d/")}
        assert named == credentials.keys() - CLUSTER_FILES
        assert all(path.startswith("/etc/qiskit-qoro/") for path in credentials.values())
        assert {Path(path).name for path in credentials.values()} == credentials.keys()

    def test_every_variable_has_a_value_in_the_example(self, unit: Path) -> None:
        (line,) = settings_of(unit)["ExecStart"]
        assert set(re.findall(r"\$\{?(\w+)", line)) == environment_of(unit).keys()


def test_only_the_service_keeps_something_in_a_folder_of_its_own() -> None:
    kept = {unit.name: settings_of(unit).get("StateDirectory") for unit in UNITS}
    assert kept == {
        "qiskit-qoro.service": ["qiskit-qoro"],
        "qiskit-qoro-scheduler.service": None,
        "qiskit-qoro-worker.service": None,
    }
    words = words_of(DEPLOY / "systemd/qiskit-qoro.service")
    assert words[words.index("--database") + 1].startswith("%S/qiskit-qoro/")


class TestImage:
    def test_its_extras_exist(self) -> None:
        (extras,) = re.findall(r'"\.\[([^]]+)\]"', DOCKERFILE)
        assert extras.split(",") == ["local", "cluster", "metrics"]
        assert set(extras.split(",")) <= PYPROJECT["project"]["optional-dependencies"].keys()

    def test_it_uses_a_supported_python(self) -> None:
        versions = set(re.findall(r"^FROM python:(3\.\d+)-slim", DOCKERFILE, re.MULTILINE))
        (version,) = versions
        assert f"Programming Language :: Python :: {version}" in PYPROJECT["project"]["classifiers"]

    def test_what_it_copies_exists_and_is_not_ignored(self) -> None:
        copied = [line.split()[:-1] for line in re.findall(r"^COPY (?!--from)(.*)", DOCKERFILE, re.MULTILINE)]
        sources = {source for line in copied for source in line}
        ignore = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
        assert all((ROOT / source).exists() for source in sources)
        assert {line.removeprefix("!") for line in ignore if line.startswith("!")} == sources

    def test_what_the_build_of_the_package_needs_is_copied(self) -> None:
        project = PYPROJECT["project"]
        needed = {project["readme"], *project["license-files"], "pyproject.toml", "qiskit_qoro"}
        copied = " ".join(re.findall(r"^COPY (.*)", DOCKERFILE, re.MULTILINE))
        assert needed <= set(re.findall(r"[\w.]+", copied))

    def test_it_runs_as_a_user_without_rights(self) -> None:
        uid, gid = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)[-1]
        assert int(uid) >= 1000
        assert f"--uid {uid}" in DOCKERFILE
        assert f"--gid {gid}" in DOCKERFILE

    def test_its_program_is_that_of_the_package(self) -> None:
        (program,) = re.findall(r'^ENTRYPOINT \["([\w-]+)"\]', DOCKERFILE, re.MULTILINE)
        assert program in PYPROJECT["project"]["scripts"]


@pytest.fixture
def check_health() -> Callable[..., None]:
    """The function of the health check."""
    main: Callable[..., None] = runpy.run_path(str(DEPLOY / "health.py"))["main"]
    return main


def test_the_health_check_succeeds_without_a_token(
    local_service: LocalService, check_health: Callable[..., None]
) -> None:
    check_health(local_service.url.removesuffix("/api"))


def test_the_health_check_fails_if_nothing_answers(
    local_service: LocalService, check_health: Callable[..., None]
) -> None:
    with pytest.raises(OSError, match="404"):
        check_health(f"{local_service.url}/nothing-here")


class TestCompose:
    def test_it_builds_the_image_of_this_folder(self) -> None:
        build = COMPOSE["x-program"]["build"]
        context = (DEPLOY / build["context"]).resolve()
        assert (context / "pyproject.toml").exists()
        assert (context / build["dockerfile"]).exists()

    @pytest.mark.parametrize("name", sorted(set(COMPOSE["services"]) - {"prometheus"}))
    def test_a_container_of_the_program_has_no_rights_and_a_root_that_is_read_only(self, name: str) -> None:
        service = COMPOSE["services"][name]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["read_only"] is True
        assert not {"privileged", "user", "cap_add"} & service.keys()

    def test_only_the_service_is_reached_from_other_machines(self) -> None:
        ports = {name: service.get("ports", []) for name, service in COMPOSE["services"].items()}
        open_ports = {
            name for name, lines in ports.items() if any(not line.startswith("127.0.0.1:") for line in lines)
        }
        assert open_ports == {"service"}
        assert COMPOSE["networks"]["cluster"] == {"internal": True}
        for name in ("scheduler", "worker"):
            assert COMPOSE["services"][name]["networks"] == ["cluster"]

    def test_the_keys_of_the_authorities_are_only_where_certificates_are_made(self) -> None:
        with_keys = {
            name
            for name, service in COMPOSE["services"].items()
            if any(volume.startswith("authorities:") for volume in service.get("volumes", []))
        }
        assert with_keys == {"certificates"}

    @pytest.mark.parametrize("kind", ["volumes", "secrets", "networks"])
    def test_what_its_services_name_is_declared_and_nothing_else(self, kind: str) -> None:
        named = {
            entry.partition(":")[0]
            for service in COMPOSE["services"].values()
            for entry in service.get(kind, [])
            if not entry.startswith(".")
        }
        assert named == COMPOSE[kind].keys()

    def test_the_page_makes_every_secret(self) -> None:
        page = (DEPLOY / "README.md").read_text(encoding="utf-8")
        for secret in COMPOSE["secrets"].values():
            assert re.search(rf"(> |cp \S+ ){re.escape(secret['file'].removeprefix('./'))}\b", page)

    def test_the_page_explains_every_variable_and_its_default(self) -> None:
        text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
        page = (DEPLOY / "README.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(\w+)` \| .* \| `?([^`|]+?)`? \|$", page, re.MULTILINE)
        assert set(rows) == set(re.findall(r"(?<!\$)\$\{(\w+):-([^}]*)\}", text))

    def test_the_files_of_its_options_are_mounted(self) -> None:
        for name, words in compose_commands().items():
            if name == "certificates":
                continue
            service = COMPOSE["services"][name]
            folders = [volume.split(":")[1] for volume in service["volumes"]]
            folders += [f"/run/secrets/{secret}" for secret in service.get("secrets", [])]
            paths = [word for word in words if word.startswith("/")]
            assert [path for path in paths if not path.startswith(tuple(folders))] == []

    def test_prometheus_reads_the_port_and_uses_the_files_of_the_service(self) -> None:
        (job,) = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
        words = compose_commands()["service"]
        assert job["scheme"] == "https"
        assert job["static_configs"] == [{"targets": [f"service:{words[words.index('--port') + 1]}"]}]
        token = job["authorization"]["credentials_file"]
        assert words[words.index("--metrics-token-file") + 1] == token
        prometheus = COMPOSE["services"]["prometheus"]
        assert token.removeprefix("/run/secrets/") in prometheus["secrets"]
        folder = str(Path(job["tls_config"]["ca_file"]).parent)
        assert f"public:{folder}:ro" in prometheus["volumes"]


def test_the_page_of_the_folder_lists_its_files() -> None:
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|.*\|$", page.split("## systemd")[0], re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    files = {path.relative_to(DEPLOY).as_posix() for path in DEPLOY.rglob("*") if path.is_file()}
    assert listed == {file for file in files if file not in {"README.md", ".gitignore"}}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [path for path in re.findall(r"\bdeploy/[\w./-]+\w", text) if not (ROOT / path).exists()] == []
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", text)
    assert [link for link in links if not (page.parent / link).exists()] == []


def accounts_of(file: Path, text: str) -> list[str]:
    """The names of the accounts in a file of accounts, one for each token."""
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return [account.name for account in by_token(read_account_file(file)).values()]


def test_the_example_of_the_accounts_can_be_read(tmp_path: Path) -> None:
    text = (DEPLOY / "accounts.toml").read_text(encoding="utf-8")
    assert accounts_of(tmp_path / "accounts.toml", text) == ["ann", "bo", "bo"]


def test_the_accounts_of_the_guide_can_be_read(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```toml\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert accounts_of(tmp_path / "accounts.toml", text) == ["ann", "bo", "bo"]


def test_the_cluster_of_the_guide_can_be_read(tmp_path: Path) -> None:
    (text,) = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    file = tmp_path / "slurm.yaml"
    file.write_text(text, encoding="utf-8")
    settings = read_cluster_file(file)
    assert (settings.system, settings.jobs) == ("slurm", 10)


def test_the_source_distribution_has_the_folder() -> None:
    assert "/deploy" in PYPROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
