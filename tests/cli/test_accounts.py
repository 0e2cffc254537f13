"""login, logout, whoami and ``--account``: the accounts that are saved on this machine."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import responses

from qiskit_qoro.accounts import AccountFile
from qiskit_qoro.cli import main
from qiskit_qoro.cli.program import run_command
from qiskit_qoro.local import LocalService
from qiskit_qoro.models.secret import Secret

CLOUD = "https://app.qoroquantum.net/api"
TOKEN = "tok-SECRET-0123456789"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)  # the present on screens


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AccountFile:
    """The file of saved accounts, which does not exist yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    path = tmp_path / "config" / "accounts.json"
    monkeypatch.setenv("QISKIT_QORO_ACCOUNTS", str(path))
    return AccountFile(path)


@pytest.fixture
def type_in(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], None]:
    """Write a text to standard input, which is no terminal."""

    def write(text: str | bytes) -> None:
        content = text if isinstance(text, bytes) else text.encode()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))

    return write


@pytest.fixture
def cloud(url: str) -> Any:
    """A service that gives only scripted answers, without an account there."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as script:
        yield script


def saved(file: AccountFile) -> dict[str, tuple[str, str, bool]]:
    return {
        name: (account.token.reveal(), account.url, account.is_default)
        for name, account in file.read().items()
    }


# --- login --------------------------------------------------------------------------------------------


def test_login_reads_the_token_from_standard_input_and_asks_the_service(
    local_service: LocalService, type_in: Any, file: AccountFile, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(f"{local_service.token}\n")
    assert main(["login", "lab", "--url", local_service.url]) == 0
    out, err = capsys.readouterr()
    assert saved(file) == {"lab": (local_service.token, local_service.url, True)}
    assert "lab (the default)" in out
    assert "credits" in out
    assert f"saved in ~{os.sep}config{os.sep}accounts.json, which only you can read" in err
    assert local_service.token not in out + err
    assert main(["backends", "--account", "lab"]) == 0
    assert main(["credits"]) == 0  # the default is used without an option


def test_without_a_name_and_an_address_the_account_is_the_default_one_of_the_cloud(
    type_in: Any, file: AccountFile, answer: Callable[..., Any]
) -> None:
    type_in(TOKEN)
    assert answer("login", "--no-check") == {
        "account": "default",
        "base_url": CLOUD,
        "default": True,
        "replaced": False,
        "checked": False,
        "balance": None,
        "path": str(file.path),
    }


def test_the_address_is_the_option_or_the_saved_one_or_that_of_the_environment(
    type_in: Any, file: AccountFile, answer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QORO_API_URL", "http://environment/api")

    def login(*options: str) -> str:
        type_in(TOKEN)
        return str(answer("login", "lab", "--no-check", *options)["base_url"])

    assert login() == "http://environment/api"
    assert login("--url", "http://option/api/") == "http://option/api"
    assert login() == "http://option/api"


def test_replacing_an_account_is_said(
    type_in: Any, file: AccountFile, capsys: pytest.CaptureFixture[str]
) -> None:
    for token in ("first", "second"):
        type_in(token)
        assert main(["login", "lab", "--no-check"]) == 0
    assert "replaced the account 'lab' that was saved just now" in capsys.readouterr().err
    assert saved(file)["lab"][0] == "second"


def test_the_first_account_or_the_one_with_the_option_is_the_default(type_in: Any, file: AccountFile) -> None:
    for name, *options in (("work",), ("lab",), ("home", "--default")):
        type_in("t")
        assert main(["login", name, "--no-check", *options]) == 0
    assert [name for name, (_, _, is_default) in saved(file).items() if is_default] == ["home"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the token is empty, nothing is saved"),
        (" \n", "the token is empty, nothing is saved"),
        ("two words", "white space, control characters"),
        ("two\nlines\n", "white space, control characters"),
        ("tokén", "white space, control characters or non-ASCII"),
        (b"\xff\xfe", "not text in UTF-8"),
        (f"QORO_API_KEY={TOKEN}", "expected the token only, without QORO_API_KEY="),
    ],
)
def test_what_is_no_token_is_refused_and_not_shown(
    type_in: Any, file: AccountFile, capsys: pytest.CaptureFixture[str], text: str | bytes, message: str
) -> None:
    type_in(text)
    assert main(["login", "--no-check"]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert err.count("\n") == 1
    assert TOKEN not in out + err
    assert not file.path.exists()


def test_a_byte_order_mark_before_the_token_is_ignored(type_in: Any, file: AccountFile) -> None:
    type_in(b"\xef\xbb\xbf" + TOKEN.encode() + b"\r\n")
    assert main(["login", "--no-check"]) == 0
    assert saved(file)["default"][0] == TOKEN


@pytest.mark.parametrize(
    "arguments",
    [["a b"], ["\x1b[31m"], ["--url", "nowhere"], ["--url", "http://me:hunter2@host/api"]],
    ids=["name", "escape", "address", "password"],
)
def test_a_wrong_name_or_address_is_reported_before_the_token_is_read(
    type_in: Any, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    type_in(TOKEN)
    assert main(["login", *arguments]) == 2
    assert sys.stdin.read() == TOKEN
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "hunter2" not in err


def test_a_token_that_the_service_does_not_accept_is_not_saved(
    local_service: LocalService, type_in: Any, file: AccountFile, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(TOKEN)
    assert main(["login", "--url", local_service.url]) == 1
    err = capsys.readouterr().err
    assert f"nothing is saved, because {local_service.url} does not accept the token" in err
    assert TOKEN not in err
    assert file.read() == {}


def test_if_the_service_does_not_answer_the_token_is_not_saved(
    type_in: Any, file: AccountFile, no_wait_provider: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    type_in(TOKEN)
    arguments = ["login", "--url", "http://127.0.0.1:1/api"]
    assert run_command(arguments, provider_class=no_wait_provider) == 1
    err = capsys.readouterr().err
    assert "nothing is saved, because the token could not be checked" in err
    assert "use --no-check" in err
    assert TOKEN not in err
    assert file.read() == {}


@pytest.mark.parametrize("status", [403, 404])
def test_a_service_that_does_not_tell_the_credits_can_accept_a_token(
    cloud: responses.RequestsMock, url: str, type_in: Any, answer: Callable[..., Any], status: int
) -> None:
    cloud.add("GET", f"{url}/credits/", status=status)
    cloud.add("GET", f"{url}/", json={})
    type_in(TOKEN)
    assert answer("login", "--url", url)["balance"] is None


def test_login_says_if_another_token_takes_precedence(
    type_in: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QORO_API_KEY", "other")
    type_in(TOKEN)
    assert main(["login", "lab", "--no-check"]) == 0
    assert "commands use the environment variable QORO_API_KEY instead" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "is_said"),
    [("http://lab/api", True), ("https://lab/api", False), ("http://127.0.0.1:8000/api", False)],
)
def test_login_says_if_the_connection_is_not_encrypted(
    type_in: Any, capsys: pytest.CaptureFixture[str], url: str, is_said: bool
) -> None:
    type_in(TOKEN)
    assert main(["login", "lab", "--no-check", "--url", url]) == 0
    assert ("is not encrypted: others in the network can read" in capsys.readouterr().err) == is_said


def test_a_damaged_file_is_reported_before_the_token_is_read(
    type_in: Any, file: AccountFile, capsys: pytest.CaptureFixture[str]
) -> None:
    file.path.parent.mkdir()
    file.path.write_text("damaged")
    file.path.chmod(0o600)
    type_in(TOKEN)
    for command in (["login"], ["logout"], ["whoami"], ["credits"]):
        assert main(command) == 2
        assert "is damaged: it is not JSON. Repair it" in capsys.readouterr().err
    assert sys.stdin.read() == TOKEN
    assert file.path.read_text() == "damaged"


def test_a_terminal_does_not_show_the_token(file: AccountFile, on_a_terminal: Callable[..., str]) -> None:
    shown = on_a_terminal(["login", "--no-check"], "Token for .*: $", f"{TOKEN}\n")
    assert shown.startswith(f"Token for {CLOUD} (not shown): ")
    assert TOKEN not in shown
    assert saved(file)["default"][0] == TOKEN


def test_on_a_terminal_enter_keeps_the_saved_token(
    file: AccountFile, on_a_terminal: Callable[..., str]
) -> None:
    for name in ("work", "lab"):
        file.save(name, Secret(TOKEN), CLOUD)
    shown = on_a_terminal(["login", "lab", "--no-check", "--default"], "Enter keeps .*: $", "\n")
    assert TOKEN not in shown
    assert saved(file)["lab"] == (TOKEN, CLOUD, True)
    # The saved token belongs to its address.
    arguments = ["login", "lab", "--no-check", "--url", "http://other/api"]
    shown = on_a_terminal(arguments, "Token for .*: $", "\n", code=2)
    assert "the token is empty, nothing is saved" in shown
    assert saved(file)["lab"] == (TOKEN, CLOUD, True)


@pytest.mark.parametrize(("key", "code"), [("\x04", 2), ("\x03", 130)], ids=["Ctrl-D", "Ctrl-C"])
def test_on_a_terminal_the_question_can_be_refused(
    file: AccountFile, on_a_terminal: Callable[..., str], key: str, code: int
) -> None:
    shown = on_a_terminal(["login", "--no-check"], "Token for .*: $", key, code=code)
    prompt, message = shown.splitlines()
    assert prompt.endswith("(not shown): ")
    assert message in ("interrupted", "qiskit-qoro: error: no token was entered")
    assert file.read() == {}


# --- logout -------------------------------------------------------------------------------------------


def test_logout_deletes_the_default_or_the_named_account_or_all(
    file: AccountFile, answer: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b", "c", "d"):
        file.save(name, Secret(TOKEN), CLOUD)
    assert answer("logout", "b") == {"deleted": ["b"], "default": "a"}
    assert answer("logout") == {"deleted": ["a"], "default": None}
    assert main(["logout"]) == 2
    assert "expected the name of an account: c, d" in capsys.readouterr().err
    assert answer("logout", "--all") == {"deleted": ["c", "d"], "default": None}
    assert main(["logout"]) == 2
    assert "no account is saved in ~" in capsys.readouterr().err
    assert file.read() == {}


def test_logout_deletes_the_only_account_without_its_name(
    file: AccountFile, answer: Callable[..., Any]
) -> None:
    for name in ("a", "b"):
        file.save(name, Secret(TOKEN), CLOUD)
    answer("logout")
    assert answer("logout") == {"deleted": ["b"], "default": None}


def test_logout_says_what_is_used_now(
    file: AccountFile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        file.save(name, Secret(TOKEN), CLOUD)
    monkeypatch.setenv("QORO_API_KEY", "other")
    assert main(["logout"]) == 0
    err = capsys.readouterr().err
    assert "no account is the default now: 'qiskit-qoro login NAME --default'" in err
    assert "commands still use the environment variable QORO_API_KEY" in err


def test_an_unknown_account_is_refused_with_the_saved_names(
    file: AccountFile, bell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file.save("work", Secret(TOKEN), CLOUD)
    for command in (["logout", "lab"], ["whoami", "--account", "lab"], ["run", bell, "--account", "lab"]):
        assert main(command) == 2
        assert "there is no saved account 'lab'" in (err := capsys.readouterr().err)
        assert "(saved: work)" in err


# --- whoami and --account -----------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["file", "environment", "account"])
def test_whoami_says_where_the_token_comes_from(
    account: LocalService,
    file: AccountFile,
    answer: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    source: str,
) -> None:
    file.save("lab", Secret(account.token), account.url)
    if source == "file":
        (tmp_path / ".env").write_text(f"QORO_API_KEY={account.token}\nQORO_API_URL={account.url}\n")
    if source == "account":
        monkeypatch.delenv("QORO_API_KEY")
    found = answer("whoami")
    assert found["base_url"] == account.url
    assert found["account"] == ("lab" if source == "account" else None)
    assert (
        found["token_from"]
        == {
            "file": f"QORO_API_KEY in {tmp_path / '.env'}",
            "environment": "the environment variable QORO_API_KEY",
            "account": "the saved account 'lab'",
        }[source]
    )
    assert found["accepted"] is True
    assert float(found["balance"]) > 0
    assert [(entry["account"], entry["default"]) for entry in found["saved_accounts"]] == [("lab", True)]
    assert account.token not in json.dumps(found)


def test_whoami_shows_what_is_known_if_the_service_does_not_accept_the_token(
    local_service: LocalService, file: AccountFile, capsys: pytest.CaptureFixture[str]
) -> None:
    file.save("lab", Secret(TOKEN), local_service.url)
    assert main(["whoami", "--json"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["accepted"] is False
    assert "401 Unauthorized" in err
    assert TOKEN not in out + err


def test_whoami_without_a_token_says_how_to_log_in(
    file: AccountFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["whoami"]) == 2
    assert "log in with 'qiskit-qoro login'" in capsys.readouterr().err
    for name in ("a", "b", "c"):
        file.save(name, Secret(TOKEN), CLOUD)
    file.delete(["a"])
    assert main(["whoami"]) == 2
    assert "(saved, but not the default: b, c; --account chooses one)" in capsys.readouterr().err


def test_whoami_does_not_need_a_file_of_accounts_that_it_does_not_use(
    account: LocalService, file: AccountFile, answer: Callable[..., Any]
) -> None:
    file.path.parent.mkdir()
    file.path.write_text("damaged")
    assert answer("whoami")["saved_accounts"] == []


def test_an_account_is_used_for_jobs_and_finds_them_again(
    local_service: LocalService, file: AccountFile, bell: str, answer: Callable[..., Any]
) -> None:
    file.save("other", Secret(TOKEN), CLOUD)
    file.save("lab", Secret(local_service.token), local_service.url)
    ran = answer("run", bell, "--account", "lab")
    assert ran["base_url"] == local_service.url
    assert [job["job_id"] for job in answer("jobs", "--account", "lab")] == [ran["job_id"]]
    assert answer("status", "last", "--account", "lab")["status"] == "COMPLETED"


def test_the_account_of_a_job_is_found_by_the_address_in_the_journal(
    local_service: LocalService,
    file: AccountFile,
    bell: str,
    answer: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file.save("other", Secret(TOKEN), CLOUD)
    file.save("lab", Secret(local_service.token), local_service.url)
    job_id = answer("run", bell, "--account", "lab")["job_id"]
    assert answer("status", job_id)["status"] == "COMPLETED"
    # Also if the environment has a token for another service, or if there is no default.
    monkeypatch.setenv("QORO_API_KEY", TOKEN)
    assert answer("result", job_id)["status"] == "COMPLETED"
    monkeypatch.delenv("QORO_API_KEY")
    file.delete(["other"])
    assert [entry["status"] for entry in answer("watch", job_id)] == ["COMPLETED"]
    file.save("lab2", Secret(local_service.token), local_service.url)
    assert main(["status", job_id]) == 2
    assert "(lab, lab2): choose one of them" in capsys.readouterr().err
    assert answer("status", job_id, "--account", "lab2")["status"] == "COMPLETED"


@pytest.mark.parametrize("other", [["--cloud"], ["--url", CLOUD], ["--local"], ["--database", "x"]])
def test_an_account_and_another_service_exclude_each_other(
    other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["backends", "--account", "lab", *other])
    assert "not allowed with argument" in capsys.readouterr().err


def test_the_token_of_an_account_is_not_sent_to_another_address(
    file: AccountFile, capsys: pytest.CaptureFixture[str]
) -> None:
    file.save("lab", Secret(TOKEN), CLOUD)
    with responses.RequestsMock():  # nothing may be sent
        assert main(["backends", "--url", "http://elsewhere/api"]) == 2
    assert "its token is sent to no other address" in capsys.readouterr().err


def test_the_shell_is_offered_the_names_of_accounts(
    file: AccountFile, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", "accounts"]) == 0
    assert capsys.readouterr().out == ""
    file.save("work", Secret(TOKEN), CLOUD)
    file.save("lab", Secret(TOKEN), CLOUD)
    assert main(["completion", "accounts"]) == 0
    assert capsys.readouterr().out == "lab\nwork\n"


# --- screens ------------------------------------------------------------------------------------------


@pytest.fixture
def known(cloud: responses.RequestsMock, url: str, file: AccountFile) -> AccountFile:
    """A service that tells the credits, and two accounts there."""
    cloud.add("GET", f"{url}/credits/", json={"balance": "487.50", "total_used": "12.50"})
    file.save("work", Secret(TOKEN), url)
    file.save("lab", Secret(TOKEN), "http://lab.example.org/api")
    return file


def test_the_screens_of_accounts(screen: Any, known: AccountFile, type_in: Any, url: str) -> None:
    screen.show("of an account", "whoami")
    type_in(TOKEN)
    screen.show("of another account", "login", "home", "--url", url)
    known.save("lab", Secret(TOKEN), "http://lab.example.org/api", now=lambda: NOW - timedelta(days=3))
    type_in(TOKEN)
    screen.show("of an account that exists", "login", "lab", "--no-check")
    screen.show("of the default account", "logout")
    screen.show("without a default account", "whoami", code=2)
