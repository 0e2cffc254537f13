"""The file of saved accounts: what it holds, who may read it, and what happens if it cannot be used."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest
from _pytest._io.saferepr import saferepr

from qiskit_qoro import QoroProvider
from qiskit_qoro.accounts import AccountFile, find_account_file
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.models.secret import Secret
from qiskit_qoro.storage import exclusive_access

CLOUD = "https://app.qoroquantum.net/api"
TOKEN = "tok-SECRET-0123456789"
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of the user's accounts, which does not exist yet."""
    path = tmp_path / "config" / "accounts.json"
    monkeypatch.setenv("QISKIT_QORO_ACCOUNTS", str(path))
    monkeypatch.delenv("QORO_API_KEY", raising=False)
    monkeypatch.delenv("QORO_API_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return path


@pytest.fixture
def file(path: Path) -> AccountFile:
    return AccountFile(path)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(0o600)


def document(**changes: object) -> dict[str, object]:
    account = {"token": TOKEN, "url": CLOUD, "saved": "2026-11-29T12:00:00+00:00"}
    return {"version": 1, "default": "work", "accounts": {"work": account}, **changes}


def test_without_a_file_there_are_no_accounts(file: AccountFile) -> None:
    assert file.read() == {}
    assert file.default() is None
    assert not file.path.parent.exists()


def test_a_saved_account_is_read_again(file: AccountFile) -> None:
    file.save("work", Secret(TOKEN), CLOUD, now=lambda: NOON)
    account = file.find("work")
    assert (account.name, account.url, account.saved, account.is_default) == ("work", CLOUD, NOON, True)
    assert account.token.reveal() == TOKEN
    assert json.loads(file.path.read_text()) == document()


def test_the_first_account_is_the_default_until_another_is_chosen(file: AccountFile) -> None:
    def defaults() -> list[str]:
        return [account.name for account in file.read().values() if account.is_default]

    file.save("work", Secret("a"), CLOUD)
    file.save("lab", Secret("b"), CLOUD)
    assert defaults() == ["work"]
    file.save("home", Secret("c"), CLOUD, make_default=True)
    assert defaults() == ["home"]
    file.save("home", Secret("d"), CLOUD)  # replaced, and still the default
    assert defaults() == ["home"]
    file.save("lab", Secret("b"), CLOUD, make_default=True)
    assert defaults() == ["lab"]
    # No other account takes its place: it might be billed without anybody noticing.
    assert [account.name for account in file.delete(["lab"])] == ["lab"]
    assert defaults() == []
    assert list(file.read()) == ["home", "work"]


def test_only_the_owner_may_read_the_file_and_its_folder(file: AccountFile) -> None:
    before = os.umask(0)
    try:
        for name in ("work", "lab"):
            file.save(name, Secret(TOKEN), CLOUD)
            assert mode(file.path) == 0o600
            assert mode(file.path.parent) == 0o700
            assert all(mode(entry) == 0o600 for entry in file.path.parent.iterdir())
    finally:
        os.umask(before)


@pytest.mark.parametrize("open_mode", [0o640, 0o604, 0o620, 0o602, 0o644, 0o777])
def test_a_file_that_others_may_use_is_refused(file: AccountFile, open_mode: int) -> None:
    file.save("work", Secret(TOKEN), CLOUD)
    file.path.chmod(open_mode)
    for use in (file.read, lambda: file.save("lab", Secret("b"), CLOUD), QoroProvider):
        with pytest.raises(
            QoroInputError, match=rf"mode is {open_mode:04o}\): correct .*chmod 600"
        ) as caught:
            use()
        assert TOKEN not in str(caught.value)
    file.path.chmod(0o600)
    assert list(file.read()) == ["work"]


def test_a_link_to_the_file_stays_a_link(file: AccountFile, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere.json"
    file.path.parent.mkdir()
    file.path.symlink_to(target)
    file.save("work", Secret(TOKEN), CLOUD)
    assert file.path.is_symlink()
    assert json.loads(target.read_text())["default"] == "work"


DAMAGED = {
    "empty": "",
    "text": "hello",
    "not UTF-8": b"\xff\xfe\x00",
    "deep": "[" * 100_000,
    "a list": "[]",
    "no version": json.dumps({"accounts": {}}),
    "version as text": json.dumps(document(version="1")),
    "version 0": json.dumps(document(version=0)),
    "no accounts": json.dumps({"version": 1}),
    "an account as text": json.dumps(document(accounts={"work": TOKEN})),
    "no token": json.dumps(document(accounts={"work": {"url": CLOUD, "saved": "2026-11-29"}})),
    "a token as number": json.dumps(
        document(accounts={"work": {"token": 1, "url": "u", "saved": "2026-11-29"}})
    ),
    "no time": json.dumps(document(accounts={"work": {"token": TOKEN, "url": CLOUD}})),
    "a time as text": json.dumps(document(accounts={"work": {"token": TOKEN, "url": CLOUD, "saved": "now"}})),
    "an invalid name": json.dumps(document(accounts={"a\x1b[31mb": document()["accounts"]})),
    "an unknown default": json.dumps(document(default="lab")),
    "a default as list": json.dumps(document(default=["work"])),
    "cut": json.dumps(document())[:-5],
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_reported_and_never_replaced(file: AccountFile, content: str | bytes) -> None:
    write(file.path, content)
    before = file.path.read_bytes()
    uses = (
        file.read,
        lambda: file.save("lab", Secret("b"), CLOUD),
        lambda: file.delete(["work"]),
        QoroProvider,
        QoroProvider.saved_accounts,
    )
    for use in uses:
        with pytest.raises(QoroInputError, match=r"accounts\.json is damaged: .* move it away") as caught:
            use()
        assert TOKEN not in "".join(traceback.format_exception(caught.value))
        assert "\x1b" not in str(caught.value)
        assert caught.value.__context__ is None
    assert file.path.read_bytes() == before


def test_a_file_of_a_newer_version_is_reported_and_never_replaced(file: AccountFile) -> None:
    write(file.path, json.dumps(document(version=2)))
    for use in (file.read, lambda: file.save("lab", Secret("b"), CLOUD)):
        with pytest.raises(QoroInputError, match="written by a newer version of qiskit-qoro: upgrade"):
            use()
    assert json.loads(file.path.read_text())["version"] == 2


@pytest.mark.parametrize("size", [1_000_001, None], ids=["a large file", "a folder"])
def test_something_else_in_place_of_the_file_is_reported(file: AccountFile, size: int | None) -> None:
    if size is None:
        file.path.mkdir(parents=True)
    else:
        write(file.path, b" " * size)
    with pytest.raises(QoroInputError, match="is not a regular file of up to 1 MB"):
        file.read()


def test_a_file_in_a_place_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    file = AccountFile(tmp_path / "plain" / "accounts.json")
    assert file.read() == {}
    with pytest.raises(QoroInputError, match=r"cannot be written: .*QISKIT_QORO_ACCOUNTS can name") as caught:
        file.save("work", Secret(TOKEN), CLOUD)
    assert TOKEN not in str(caught.value)


def test_a_circle_of_links_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(QoroInputError, match="cannot be written"):
        AccountFile(tmp_path / "a").save("work", Secret(TOKEN), CLOUD)


def test_a_failed_change_leaves_no_files_behind(file: AccountFile) -> None:
    file.save("work", Secret(TOKEN), CLOUD)
    with pytest.raises(QoroInputError, match=r"no saved account 'lab' in .* \(saved: work\)"):
        file.delete(["work", "lab"])
    assert list(file.read()) == ["work"]
    assert sorted(entry.name for entry in file.path.parent.iterdir()) == [
        "accounts.json",
        "accounts.json.lock",
    ]


def test_a_lock_that_is_not_free_is_reported(file: AccountFile) -> None:
    file.path.parent.mkdir()
    file.path.with_name("accounts.json.lock").write_text("not a lock, but a text that is long enough" * 9)
    with pytest.raises(QoroInputError, match=r"cannot be locked: .*delete .*\.lock"):
        file.save("work", Secret(TOKEN), CLOUD)


def test_threads_that_save_at_the_same_time_lose_no_account(file: AccountFile) -> None:
    start = threading.Barrier(8)

    def save(number: int) -> None:
        start.wait()
        file.save(f"account{number}", Secret(f"token{number}"), CLOUD)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: account.token.reveal() for name, account in file.read().items()} == {
        f"account{number}": f"token{number}" for number in range(8)
    }
    assert sum(account.is_default for account in file.read().values()) == 1


def test_processes_that_save_at_the_same_time_lose_no_account(file: AccountFile) -> None:
    program = (
        "import sys\n"
        "from qiskit_qoro.accounts import find_account_file\n"
        "from qiskit_qoro.models.secret import Secret\n"
        "sys.stdin.read()\n"
        "for n in range(5): find_account_file().save(f'{sys.argv[1]}.{n}', Secret('t'), 'http://a/api')\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(number)], stdin=subprocess.PIPE)
        for number in range(3)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert list(file.read()) == [f"{number}.{n}" for number in range(3) for n in range(5)]


def test_a_program_that_is_killed_while_it_holds_the_lock_blocks_nobody(file: AccountFile) -> None:
    file.path.parent.mkdir()
    program = (
        "import os, pathlib, sys\n"
        "from qiskit_qoro.storage import exclusive_access\n"
        "with exclusive_access(pathlib.Path(sys.argv[1]), 1): os._exit(7)\n"
    )
    assert subprocess.run([sys.executable, "-c", program, str(file.path)], check=False).returncode == 7
    file.save("work", Secret(TOKEN), CLOUD)
    with exclusive_access(file.path, 0):
        pass


GOOD_NAMES = ["work", "a", "Ärzte", "me@example.com", "lab-2", "x.y_z+1", "量子", "x" * 64]
BAD_NAMES = [
    "",
    "-work",
    "a b",
    "a\nb",
    "a\x1b[31m",
    "a/b",
    "[bold]",
    "x" * 65,
    "a\u202eb",
    "\ud800",
    7,
    None,
]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_a_name_has_letters_digits_and_a_few_other_characters(file: AccountFile, name: str) -> None:
    file.save(name, Secret(TOKEN), CLOUD)
    assert list(file.read()) == [name]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_another_name_is_refused(file: AccountFile, name: str) -> None:
    with pytest.raises(
        QoroInputError, match=r"the name of an account is .*expected up to 64 letters"
    ) as caught:
        file.save(name, Secret(TOKEN), CLOUD)
    assert "\x1b" not in str(caught.value)
    assert not file.path.exists()


@pytest.mark.parametrize("name", ["lab", "\x1b[31m", 7, ["work"]])
def test_an_unknown_account_is_refused_with_the_names_of_those_saved(path: Path, name: str) -> None:
    with pytest.raises(QoroInputError, match=r"no account is saved\): 'qiskit-qoro login NAME' saves one"):
        QoroProvider(account=name)
    QoroProvider.save_account(TOKEN, name="work")
    QoroProvider.save_account(TOKEN, name="home")
    with pytest.raises(QoroInputError, match=r"there is no saved account .*\(saved: home, work\)") as caught:
        QoroProvider(account=name)
    assert "\x1b" not in str(caught.value)


def test_a_provider_saves_lists_and_deletes_accounts(path: Path) -> None:
    assert QoroProvider.saved_accounts() == []
    QoroProvider.save_account(f" {TOKEN}\n")
    QoroProvider.save_account("other", name="lab", url="http://127.0.0.1:8000/api/")
    first, second = QoroProvider.saved_accounts()
    assert (first.name, first.url, first.is_default) == ("default", CLOUD, True)
    assert (second.name, second.url, second.is_default) == ("lab", "http://127.0.0.1:8000/api", False)
    assert first.token.reveal() == TOKEN
    assert TOKEN not in repr(QoroProvider.saved_accounts())
    with pytest.raises(QoroInputError, match="account 'lab' exists already"):
        QoroProvider.save_account("new", name="lab")
    QoroProvider.save_account("new", name="lab", overwrite=True)
    QoroProvider.delete_account()
    assert [account.token.reveal() for account in QoroProvider.saved_accounts()] == ["new"]
    with pytest.raises(QoroInputError, match="no saved account 'default'"):
        QoroProvider.delete_account()


@pytest.mark.parametrize("token", ["", "  ", "a b", "a\nb", "tokén", "\x00"])
def test_an_invalid_token_is_not_saved(path: Path, token: str) -> None:
    with pytest.raises(QoroInputError, match=r"token is empty|white space, control") as caught:
        QoroProvider.save_account(token)
    assert not path.exists()
    assert not token.strip() or token not in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://a", "http://me:hunter2@host/api", "", 7])
def test_an_invalid_address_is_not_saved(path: Path, url: str) -> None:
    with pytest.raises(QoroInputError, match="the address of the account") as caught:
        QoroProvider.save_account(TOKEN, url=url)
    assert not path.exists()
    assert "hunter2" not in str(caught.value)


def test_the_environment_can_switch_saved_accounts_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QISKIT_QORO_ACCOUNTS", "off")
    assert find_account_file() is None
    assert QoroProvider.saved_accounts() == []
    for use in (lambda: QoroProvider(account="work"), lambda: QoroProvider.save_account(TOKEN)):
        with pytest.raises(QoroInputError, match="QISKIT_QORO_ACCOUNTS is off"):
            use()


def test_the_file_is_in_the_configuration_folder_of_the_user(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("QISKIT_QORO_ACCOUNTS")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")  # which the convention says to ignore
    found = find_account_file()
    assert found is not None
    assert found.path.name == "accounts.json"
    if sys.platform == "linux":
        assert found.path == tmp_path / ".config" / "qiskit-qoro" / "accounts.json"
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))
        moved = find_account_file()
        assert moved is not None
        assert moved.path == tmp_path / "other" / "qiskit-qoro" / "accounts.json"


def test_no_variable_of_an_error_shows_the_token(file: AccountFile) -> None:
    file.save("work", Secret(TOKEN), CLOUD)
    for use in (
        lambda: file.find("lab"),
        lambda: file.save("work", Secret(TOKEN), CLOUD, overwrite=False),
        lambda: QoroProvider.save_account(TOKEN, name="work"),
        lambda: file.delete(["lab"]),
        lambda: QoroProvider(account="work", base_url="http://elsewhere/api"),
    ):
        with pytest.raises(
            QoroInputError, match=r"no saved account|exists already|no other address"
        ) as caught:
            use()
        shown = [
            saferepr(value, maxsize=None)
            for frame, _ in traceback.walk_tb(caught.value.__traceback__)
            if "tests" not in frame.f_code.co_filename
            for value in frame.f_locals.values()
        ]
        assert not any(TOKEN in text for text in [*shown, str(caught.value), repr(file.read())])
