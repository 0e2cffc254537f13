"""The sources of the token and of the address."""

import pytest

from qiskit_qoro.errors import QoroInputError
from qiskit_qoro.service.credentials import CLOUD_URL, find_base_url, find_token


def write_env(tmp_path, **settings):
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))


def test_the_argument_wins_over_the_file_and_the_environment(tmp_path, monkeypatch):
    write_env(tmp_path, QORO_API_KEY="from-file")
    monkeypatch.setenv("QORO_API_KEY", "from-environment")
    assert find_token("from-argument") == "from-argument"


def test_the_file_wins_over_the_environment(tmp_path, monkeypatch):
    write_env(tmp_path, QORO_API_KEY="from-file")
    monkeypatch.setenv("QORO_API_KEY", "from-environment")
    assert find_token(None) == "from-file"


def test_the_file_may_be_above_the_working_directory(tmp_path, monkeypatch):
    write_env(tmp_path, QORO_API_KEY="from-above")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert find_token(None) == "from-above"


@pytest.mark.parametrize("settings", [{}, {"OTHER": "x"}, {"QORO_API_KEY": ""}])
def test_the_environment_is_used_if_the_file_has_no_token(tmp_path, monkeypatch, settings):
    write_env(tmp_path, **settings)
    monkeypatch.setenv("QORO_API_KEY", "from-environment")
    assert find_token(None) == "from-environment"


def test_reading_the_file_does_not_change_the_environment(tmp_path, monkeypatch):
    import os

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
    assert find_token("  abc\n") == "abc"


@pytest.mark.parametrize("token", ["ab\ncd", "ab cd", "ab\x00cd", "tokén", "ab\r\nX-Header: 1"])
def test_a_token_with_invalid_characters_is_refused_and_not_shown(token):
    with pytest.raises(QoroInputError, match="white space, control characters or non-ASCII") as caught:
        find_token(token)
    assert token not in str(caught.value)


def test_the_address_comes_from_argument_file_environment_or_is_the_cloud(tmp_path, monkeypatch):
    assert find_base_url(None) == CLOUD_URL == "https://app.qoroquantum.net/api"
    monkeypatch.setenv("QORO_API_URL", "http://environment/api")
    assert find_base_url(None) == "http://environment/api"
    write_env(tmp_path, QORO_API_URL="http://file/api", QORO_API_KEY="from-file")
    assert find_base_url(None) == "http://file/api"
    assert find_base_url("http://argument/api/") == "http://argument/api"


def test_the_address_in_a_file_is_used_only_with_the_token_in_that_file(tmp_path, monkeypatch):
    monkeypatch.setenv("QORO_API_KEY", "from-environment")
    write_env(tmp_path, QORO_API_URL="http://stranger/api")
    assert find_base_url(None) == CLOUD_URL
    write_env(tmp_path, QORO_API_URL="http://stranger/api", QORO_API_KEY="bait")
    assert find_base_url(None, token="from-argument") == CLOUD_URL


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


def test_an_address_with_a_password_is_refused_and_not_shown():
    with pytest.raises(QoroInputError, match="user name") as caught:
        find_base_url("https://me:hunter2@host/api")
    assert "hunter2" not in str(caught.value)
