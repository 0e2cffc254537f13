"""Which token is used if there are several, and to which address it may be sent."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import pytest

from qiskit_qoro import QoroProvider
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.credentials import CLOUD_URL, Credentials, find_credentials, is_token_set

SOURCES = ("argument", "file", "environment", "account")
LAB = "http://lab/api"


@pytest.fixture(autouse=True)
def accounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and no accounts."""
    monkeypatch.chdir(tmp_path)
    for name in ("QORO_API_KEY", "QORO_API_URL"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "accounts.json"
    monkeypatch.setenv("QISKIT_QORO_ACCOUNTS", str(path))
    return path


@pytest.fixture
def provide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put a token, and perhaps an address, into a source."""

    def put(source: str, url: str | None = None) -> None:
        if source == "file":
            lines = [f"QORO_API_KEY=from-{source}\n", f"QORO_API_URL={url}\n" if url else ""]
            (tmp_path / ".env").write_text("".join(lines))
        elif source == "environment":
            monkeypatch.setenv("QORO_API_KEY", f"from-{source}")
            if url:
                monkeypatch.setenv("QORO_API_URL", url)
        elif source == "account":
            QoroProvider.save_account(f"from-{source}", name="work", url=url or CLOUD_URL)

    return put


def used(credentials: Credentials) -> tuple[str, str]:
    return credentials.token.reveal(), credentials.url


@pytest.mark.parametrize("present", list(product([False, True], repeat=4)), ids=str)
def test_the_first_of_argument_file_environment_and_account_is_used(
    provide: Callable[..., None], present: tuple[bool, ...]
) -> None:
    given = [source for source, is_given in zip(SOURCES, present, strict=True) if is_given]
    for source in given:
        provide(source)
    argument = "from-argument" if "argument" in given else None
    assert is_token_set() == bool(set(given) - {"argument"})
    if not given:
        for create in (find_credentials, QoroProvider, QoroService):
            with pytest.raises(ValueError, match=r"no authentication token: .*'qiskit-qoro login'"):
                create()
        return
    found = find_credentials(argument)
    assert used(found) == (f"from-{given[0]}", CLOUD_URL)
    assert (found.account == "work") == (given == ["account"])
    place = {"argument": "the argument", "file": ".env", "environment": "variable", "account": "'work'"}
    assert place[given[0]] in found.source
    assert f"from-{given[0]}" not in repr(found)
    for client in (QoroService(argument), QoroProvider(argument).service):
        assert client.base_url == CLOUD_URL
        client.close()


@pytest.mark.parametrize("present", list(product([False, True], repeat=2)), ids=str)
def test_an_account_that_is_named_wins_over_the_file_and_the_environment(
    provide: Callable[..., None], present: tuple[bool, ...]
) -> None:
    for source, is_given in zip(("file", "environment"), present, strict=True):
        if is_given:
            provide(source, "http://stranger/api")
    provide("account", LAB)
    assert used(find_credentials(account="work")) == ("from-account", LAB)
    with QoroProvider(account="work") as provider:
        assert provider.service.base_url == LAB


def test_a_token_and_an_account_are_not_accepted_together(provide: Callable[..., None]) -> None:
    provide("account")
    with pytest.raises(QoroInputError, match=r"auth_token=.* or account=.*, got both"):
        QoroProvider("from-argument", account="work")


@pytest.mark.parametrize("name", [None, "work"])
def test_the_token_of_an_account_is_sent_to_no_other_address(
    provide: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    provide("account", LAB)
    assert used(find_credentials(None, f"{LAB}/", name)) == ("from-account", LAB)
    for url in (CLOUD_URL, "", "http://lab", "https://lab/api", "http://lab:81/api"):
        with pytest.raises(
            QoroInputError, match=r"requested address is .* 'work' is for http://lab/api.*no other"
        ):
            find_credentials(None, url, name)
    if name is None:
        monkeypatch.setenv("QORO_API_URL", "http://elsewhere/api")
        with pytest.raises(QoroInputError, match="variable QORO_API_URL is http://elsewhere/api, but"):
            QoroService()
        monkeypatch.setenv("QORO_API_URL", f"{LAB}/")
        assert used(find_credentials()) == ("from-account", LAB)


def test_the_address_in_a_file_is_not_used_with_the_token_of_an_account(
    provide: Callable[..., None], tmp_path: Path
) -> None:
    provide("account", LAB)
    (tmp_path / ".env").write_text("QORO_API_URL=http://stranger/api\n")
    with pytest.warns(UserWarning, match=r"QORO_API_URL in .*\.env is not used, because .*account 'work'"):
        assert used(find_credentials()) == ("from-account", LAB)


def test_without_a_default_the_error_names_the_saved_accounts(provide: Callable[..., None]) -> None:
    for name in ("work", "lab", "home"):
        QoroProvider.save_account("token", name=name)
    QoroProvider.delete_account("work")
    with pytest.raises(QoroInputError, match=r"\(saved, but not the default: home, lab; account=.* chooses"):
        QoroProvider()


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"token": ""}, "the saved account 'work' has no token"),
        ({"token": "a b"}, "white space"),
        ({"url": "http://me:hunter2@lab/api"}, "is damaged: account 'work' is invalid"),
        ({"url": "lab"}, "the address of the saved account 'work' is 'lab', expected a URL"),
    ],
)
def test_an_account_that_was_edited_is_checked(
    provide: Callable[..., None], accounts: Path, entry: dict[str, str], message: str
) -> None:
    provide("account")
    text = accounts.read_text()
    for key, value in entry.items():
        old = {"token": "from-account", "url": CLOUD_URL}[key]
        text = text.replace(f'"{old}"', f'"{value}"')
    accounts.write_text(text)
    for create in (QoroProvider, lambda: QoroProvider(account="work")):
        with pytest.raises(QoroInputError, match=message) as caught:
            create()
        assert "hunter2" not in str(caught.value)


def test_a_damaged_file_does_not_matter_if_there_is_another_token(
    provide: Callable[..., None], accounts: Path
) -> None:
    accounts.write_text("damaged")
    accounts.chmod(0o644)
    provide("environment")
    assert find_credentials().token.reveal() == "from-environment"
    assert find_credentials("from-argument").token.reveal() == "from-argument"
