"""The sources of the token and of the address."""

import os
import subprocess
import sys

import pytest

from qiskit_qoro import QoroProvider
from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.service import QoroService
from qiskit_qoro.service.credentials import CLOUD_URL, find_base_url, find_token, is_token_set


def write_env(tmp_path, **settings):
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home directory."""
    path = tmp_path / "home"
    path.mkdir()
    monkeypatch.setenv("HOME", str(path))
    monkeypatch.setenv("USERPROFILE", str(path))
    return path


def test_the_argument_wins_over_the_file_and_the_environment(tmp_path, monkeypatch):
    write_env(tmp_path, QORO_API_KEY="from-file")
    monkeypatch.setenv("QORO_API_KEY", "from-environment")
    assert find_token("from-argument").reveal() == "from-argument"


def test_the_file_wins_over_the_environment(tmp_path, monkeypatch):
    write_env(tmp_path, QORO_API_KEY="from-file")
    monkeypatch.setenv("QORO_API_KEY", "from-environment")
    assert find_token(None).reveal() == "from-file"


@pytest.mark.parametrize("place", [".", "project"])
def test_the_file_may_be_above_the_working_directory_inside_the_home_directory(home, monkeypatch, place):
    (home / "project" / "below").mkdir(parents=True)
    write_env(home / place, QORO_API_KEY="from-above")
    monkeypatch.chdir(home / "project" / "below")
    assert find_token(None).reveal() == "from-above"
    assert is_token_set()


def test_a_file_above_the_working_directory_is_not_used_outside_of_the_home_directory(
    tmp_path, home, monkeypatch
):
    write_env(tmp_path, QORO_API_KEY="bait", QORO_API_URL="http://stranger/api")
    monkeypatch.chdir(home)
    assert not is_token_set()
    assert find_base_url(None) == CLOUD_URL
    with pytest.raises(QoroInputError, match=r"\.env is not used: .* has to belong to you and to be inside"):
        find_token(None)
    monkeypatch.setenv("QORO_API_KEY", "from-environment")
    assert find_token(None).reveal() == "from-environment"


def test_a_file_of_another_user_above_the_working_directory_is_not_used(home, monkeypatch):
    (home / "shared" / "below").mkdir(parents=True)
    write_env(home / "shared", QORO_API_KEY="bait", QORO_API_URL="http://stranger/api")
    monkeypatch.chdir(home / "shared" / "below")
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert not is_token_set()
    assert find_base_url(None) == CLOUD_URL


def test_the_nearest_file_is_used(home, monkeypatch):
    (home / "project" / "below").mkdir(parents=True)
    write_env(home, QORO_API_KEY="far")
    write_env(home / "project", QORO_API_KEY="near")
    monkeypatch.chdir(home / "project" / "below")
    assert find_token(None).reveal() == "near"


def test_a_deleted_working_directory_has_no_file(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert not is_token_set()


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"QORO_API_KEY": "${QORO_API_KEY}", "QORO_API_URL": "http://stranger/api"}, "QORO_API_KEY"),
        (
            {"QORO_API_KEY": "bait", "QORO_API_URL": "http://stranger/${SECRET_OF_ANOTHER_SERVICE}"},
            "QORO_API_URL",
        ),
        ({"QORO_API_KEY": "bait", "QORO_API_URL": "${SECRET_OF_ANOTHER_SERVICE:-x}"}, "QORO_API_URL"),
    ],
)
def test_a_file_cannot_copy_variables_of_the_user(tmp_path, monkeypatch, settings, name):
    monkeypatch.setenv("QORO_API_KEY", "key-of-the-user")
    monkeypatch.setenv("SECRET_OF_ANOTHER_SERVICE", "another-secret")
    write_env(tmp_path, **settings)
    with pytest.raises(
        QoroInputError, match=rf"{name} in .*\.env refers to a variable.*not expanded"
    ) as caught:
        QoroService()
    assert not any(secret in str(caught.value) for secret in ("key-of-the-user", "another-secret"))


def test_a_dollar_sign_in_a_value_is_taken_literally(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/expanded")
    write_env(tmp_path, QORO_API_KEY="a$HOME-b")
    assert find_token(None).reveal() == "a$HOME-b"


ENCODED = {
    "Latin-1": "# Schlüssel\nQORO_API_KEY=from-file\n".encode("latin-1"),
    "UTF-16": "QORO_API_KEY=from-file\n".encode("utf-16"),
    "UTF-16 without mark": "QORO_API_KEY=from-file\n".encode("utf-16-le"),
}


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED)
@pytest.mark.parametrize("variable", ["from-environment", None])
def test_a_file_in_another_encoding_is_named_even_if_the_environment_has_a_token(
    tmp_path, monkeypatch, content, variable
):
    # The file takes precedence over the environment, so it has to be known.
    (tmp_path / ".env").write_bytes(content)
    if variable:
        monkeypatch.setenv("QORO_API_KEY", variable)
    for find in (lambda: find_token(None), lambda: find_base_url(None), is_token_set, QoroService):
        with pytest.raises(
            QoroInputError, match=r"\.env is not text in UTF-8: save it .*precedence"
        ) as caught:
            find()
        assert caught.value.__context__ is None
        assert "from-file" not in str(caught.value)


@pytest.mark.parametrize("content", ENCODED.values(), ids=ENCODED)
def test_a_file_in_another_encoding_does_not_matter_if_the_token_is_passed(tmp_path, content):
    (tmp_path / ".env").write_bytes(content)
    assert QoroService("from-argument").base_url == CLOUD_URL


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / ".env").write_text("QORO_API_KEY=from-file\n", encoding="utf-8-sig")
    assert find_token(None).reveal() == "from-file"


@pytest.mark.parametrize("settings", [{}, {"OTHER": "x"}, {"QORO_API_KEY": ""}])
def test_the_environment_is_used_if_the_file_has_no_token(tmp_path, monkeypatch, settings):
    write_env(tmp_path, **settings)
    monkeypatch.setenv("QORO_API_KEY", "from-environment")
    assert find_token(None).reveal() == "from-environment"


def test_reading_the_file_does_not_change_the_environment(tmp_path, monkeypatch):
    write_env(tmp_path, QORO_API_KEY="from-file", OTHER_SETTING="x")
    before = dict(os.environ)
    find_token(None)
    assert dict(os.environ) == before


@pytest.mark.parametrize("argument", [None, "", "  \n"])
def test_without_a_token_the_error_names_every_way_to_provide_one(argument):
    with pytest.raises(ValueError, match="no authentication token") as caught:
        find_token(argument)
    assert isinstance(caught.value, QoroInputError)
    for way in ("auth_token=", ".env", "environment variable QORO_API_KEY", "QoroProvider.local()"):
        assert way in str(caught.value)


def test_white_space_around_a_token_is_removed():
    assert find_token("  abc\n").reveal() == "abc"


@pytest.mark.parametrize("token", ["ab\ncd", "ab cd", "ab\x00cd", "tokén", "ab\r\nX-Header: 1"])
def test_a_token_with_invalid_characters_is_refused_and_not_shown(token):
    with pytest.raises(QoroInputError, match="white space, control characters or non-ASCII") as caught:
        find_token(token)
    assert token not in str(caught.value)


def test_the_address_comes_from_argument_file_environment_or_is_the_cloud(tmp_path, monkeypatch):
    assert find_base_url(None) == CLOUD_URL == "https://app.qoroquantum.net/api"
    monkeypatch.setenv("QORO_API_URL", "http://environment/api")
    assert find_base_url(None) == "http://environment/api"
    write_env(tmp_path, QORO_API_URL="http://127.0.0.1:8000/api", QORO_API_KEY="from-file")
    assert find_base_url(None) == "http://127.0.0.1:8000/api"
    assert find_base_url("http://argument/api/") == "http://argument/api"


def test_the_address_in_a_file_is_used_only_with_the_token_in_that_file(tmp_path, monkeypatch):
    write_env(tmp_path, QORO_API_URL="http://stranger/api")
    assert find_base_url(None) == CLOUD_URL
    monkeypatch.setenv("QORO_API_KEY", "from-environment")
    with pytest.warns(UserWarning, match=r"QORO_API_URL in .*\.env is not used"):
        assert find_base_url(None) == CLOUD_URL
    write_env(tmp_path, QORO_API_URL="http://stranger/api", QORO_API_KEY="bait")
    assert find_base_url(None, token="from-argument") == CLOUD_URL


def test_a_warning_names_an_address_from_a_file(tmp_path):
    write_env(tmp_path, QORO_API_URL="http://stranger/api", QORO_API_KEY="from-file")
    for create in (QoroService, QoroProvider):
        with pytest.warns(UserWarning, match=r"the token in .*\.env are sent to http://stranger/api") as seen:
            assert create().close() is None
        assert len(seen) == 1
        assert "from-file" not in str(seen[0].message)


@pytest.mark.parametrize(
    "url", [CLOUD_URL, f"{CLOUD_URL}/", "http://localhost:8000/api", "http://[::1]:8000/api"]
)
def test_the_cloud_and_this_machine_are_used_without_a_warning(tmp_path, url):
    write_env(tmp_path, QORO_API_URL=url, QORO_API_KEY="from-file")
    assert find_base_url(None) == url.rstrip("/")


def test_the_warning_is_printed_once_per_process(tmp_path):
    write_env(tmp_path, QORO_API_URL="http://stranger/api", QORO_API_KEY="from-file")
    program = (
        "from qiskit_qoro import QoroProvider, QoroService\nfor _ in range(3): QoroProvider(), QoroService()"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout == ""
    assert output.stderr.count("http://stranger/api") == 1
    assert "from-file" not in output.stderr


@pytest.mark.parametrize("good", ["http://[::1]:8000/api", "http://localhost:8000", "https://a.b/c/d"])
def test_a_valid_address_is_used_unchanged(good):
    assert find_base_url(good) == good


@pytest.mark.parametrize(
    "bad",
    [
        "app.qoroquantum.net/api",
        "ftp://host/api",
        "http://",
        "http:///api",
        "http://[::1/api",
        "http://host:99999/api",
        "http://host:port/api",
        "http://host/api?x=1",
        "http://host/api#x",
        "http://ho st/api",
        "http://host/a\npi",
        7,
    ],
)
def test_an_invalid_address_is_refused_with_an_example_of_a_valid_one(bad):
    with pytest.raises(QoroInputError, match=r"base_url is .*expected a URL such as https://"):
        find_base_url(bad)


@pytest.mark.parametrize("url", ["https://me:hunter2@host/api", "https://me:hunter2@host:99999/api"])
def test_an_address_with_a_password_is_refused_and_not_shown(url):
    with pytest.raises(QoroInputError, match="user name") as caught:
        find_base_url(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("source", ["environment", "file"])
def test_the_error_of_an_invalid_address_names_its_source(tmp_path, monkeypatch, source):
    if source == "file":
        write_env(tmp_path, QORO_API_URL="stranger", QORO_API_KEY="from-file")
    monkeypatch.setenv("QORO_API_URL", "stranger")
    name = r"QORO_API_URL in .*\.env" if source == "file" else "the environment variable QORO_API_URL"
    with pytest.raises(QoroInputError, match=f"{name} is 'stranger', expected a URL"):
        find_base_url(None)
