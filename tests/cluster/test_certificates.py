"""The certificates that ``qiskit-qoro certificates`` makes."""

from __future__ import annotations

import ssl
import stat
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from qiskit_qoro.cli import main
from qiskit_qoro.errors import QoroError, QoroInputError
from qiskit_qoro.local import serve
from qiskit_qoro.local.workers.cluster.certificates.files import Change, Made
from qiskit_qoro.local.workers.cluster.certificates.installation import check_installed
from qiskit_qoro.local.workers.cluster.certificates.making import make_certificates, make_temporary
from qiskit_qoro.local.workers.cluster.security import load_security
from qiskit_qoro.web_server.certificate_files import CertificateFiles, read_certificate

DAY_S = 86_400
KEYS = ("cluster-authority.key", "cluster.key", "https-authority.key", "https.key")
CERTIFICATES = ("cluster-authority.pem", "cluster.pem", "https-authority.pem", "https.pem")


def _make(folder: Path, *hosts: str, renew: bool = False, days: float = 0) -> list[Made]:
    """Make certificates on the machine ``qubit``, some days from now."""
    return make_certificates(
        folder,
        hosts,
        renew=renew,
        clock=lambda: time.time() + days * DAY_S,
        machine_names=lambda: ("qubit", "qubit.lab.example", "no host name"),
    )


def _changes(made: list[Made]) -> dict[str, str]:
    return {certificate.path.name: certificate.change for certificate in made}


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with certificates."""
    folder = tmp_path / "new" / "certificates"
    _make(folder)
    return folder


def _shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str | None = None) -> None:
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    done = set()
    for _ in range(5):
        for end in ends:
            try:
                end.do_handshake()
                done.add(end)
            except ssl.SSLWantReadError:
                continue
    assert len(done) == 2


def test_a_new_folder_gets_two_authorities_and_their_certificates(tmp_path: Path) -> None:
    made = _make(tmp_path / "certificates")

    assert _changes(made) == dict.fromkeys(CERTIFICATES, Change.MADE)
    assert {path.name for path in (tmp_path / "certificates").iterdir()} == {*KEYS, *CERTIFICATES}


def test_only_the_owner_can_read_the_folder_and_the_keys(folder: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}

    assert modes == {**dict.fromkeys(KEYS, 0o600), **dict.fromkeys(CERTIFICATES, 0o644)}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_members_of_a_cluster_accept_its_certificate(folder: Path) -> None:
    security = load_security(folder)

    for role in ("scheduler", "worker"):
        _shake_hands(
            security.get_connection_args("client")["ssl_context"],
            security.get_listen_args(role)["ssl_context"],
        )


def test_what_users_trust_does_not_make_them_members_of_the_cluster(folder: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(folder / "https.pem", folder / "https.key")

    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        _shake_hands(context, load_security(folder).get_listen_args("scheduler")["ssl_context"])


def test_the_https_certificate_is_for_the_names_of_the_machine_and_the_given_ones(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    _make(folder, "Qoro.Lab.example", "192.0.2.7", "[2001:DB8::7]", "*.lab.example")

    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "https.pem", folder / "https.key")
    # As strict as Python is from 3.13 on.
    client = ssl.create_default_context(cafile=folder / "https-authority.pem")
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in (
        "localhost",
        "127.0.0.1",
        "::1",
        "qubit",
        "qubit.lab.example",
        "qoro.lab.example",
        "192.0.2.7",
        "2001:db8::7",
        "other.lab.example",
    ):
        _shake_hands(client, server, name)
    with pytest.raises(ssl.SSLCertVerificationError, match=r"not valid for 'qoro\.example'"):
        _shake_hands(client, server, "qoro.example")


@pytest.mark.parametrize(
    "host",
    ["", "https://qoro.lab", "qoro.lab:8000", "a b", "-a", "ä.example", "a" * 64, ".".join(["a"] * 128)],
)
def test_a_host_that_is_no_host_is_refused_before_anything_is_written(tmp_path: Path, host: str) -> None:
    with pytest.raises(QoroInputError, match="expected a host name such as"):
        _make(tmp_path / "certificates", host)
    assert not (tmp_path / "certificates").exists()


def test_keys_are_on_the_curve_p256_and_lifetimes_are_sensible(folder: Path) -> None:
    for name in CERTIFICATES:
        certificate = _certificate(folder / name)
        key = certificate.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"
        days = (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days
        assert days == (3650 if "authority" in name else 397)


def test_an_authority_can_issue_no_authorities_and_others_can_issue_nothing(folder: Path) -> None:
    for name in CERTIFICATES:
        constraints = _certificate(folder / name).extensions.get_extension_for_class(x509.BasicConstraints)
        assert constraints.critical
        assert constraints.value == (
            x509.BasicConstraints(ca=True, path_length=0)
            if "authority" in name
            else x509.BasicConstraints(ca=False, path_length=None)
        )


def test_making_them_again_changes_nothing(folder: Path) -> None:
    before = _contents(folder)

    assert set(_changes(_make(folder)).values()) == {Change.KEPT}
    assert _contents(folder) == before


def test_certificates_are_renewed_in_their_last_month_with_the_same_keys(folder: Path) -> None:
    before = _contents(folder)

    assert set(_changes(_make(folder, days=366)).values()) == {Change.KEPT}
    made = _make(folder, days=368)

    renewed = {"cluster.pem", "https.pem"}
    assert {name for name, change in _changes(made).items() if change == Change.RENEWED} == renewed
    after = _contents(folder)
    assert {name for name in after if after[name] != before[name]} == renewed
    assert {certificate.ends_s > time.time() + 760 * DAY_S for certificate in made} == {True}


def test_members_with_the_old_and_the_renewed_certificate_accept_each_other(
    folder: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    old.mkdir(0o700)
    for name in ("cluster-authority.pem", "cluster.pem", "cluster.key"):
        (old / name).write_bytes((folder / name).read_bytes())
        (old / name).chmod(0o600)
    _make(folder, renew=True)

    assert (old / "cluster.pem").read_bytes() != (folder / "cluster.pem").read_bytes()
    for one, other in ((old, folder), (folder, old)):
        _shake_hands(
            load_security(one).get_connection_args("worker")["ssl_context"],
            load_security(other).get_listen_args("scheduler")["ssl_context"],
        )


def test_other_hosts_renew_the_https_certificate_and_no_hosts_keep_those_that_it_has(folder: Path) -> None:
    changes = _changes(_make(folder, "qoro.lab"))
    assert changes.pop("https.pem") == Change.RENEWED
    assert set(changes.values()) == {Change.KEPT}

    [*_, https] = _make(folder, renew=True)
    assert https.hosts == ("localhost", "127.0.0.1", "::1", "qoro.lab", "qubit", "qubit.lab.example")


def test_a_service_refuses_the_certificate_of_the_cluster_for_https(folder: Path) -> None:
    with pytest.raises(QoroInputError, match=r"is that of the cluster, .* pass https\.pem and https\.key"):
        serve(certificate=folder / "cluster.pem", key=folder / "cluster.key")


def test_a_copy_without_the_key_of_the_authority_is_left_as_it_is(folder: Path) -> None:
    (folder / "cluster-authority.key").unlink()
    before = _contents(folder)

    with pytest.raises(
        QoroInputError, match=r"its private key cluster-authority\.key is not: make .* machine"
    ):
        _make(folder, renew=True)
    assert _contents(folder) == before


def test_a_certificate_without_its_authority_is_not_replaced(folder: Path) -> None:
    (folder / "https-authority.pem").unlink()
    before = _contents(folder)

    with pytest.raises(QoroInputError, match=r"https-authority\.pem is not: copy it back"):
        _make(folder)
    assert _contents(folder) == before


@pytest.mark.parametrize("name", [*KEYS, *CERTIFICATES])
def test_a_damaged_file_is_named_and_not_replaced(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"damaged")
    before = _contents(folder)

    with pytest.raises(QoroInputError, match=rf"{name}.* PEM format"):
        _make(folder, renew=True)
    assert _contents(folder) == before


def test_the_key_of_another_authority_is_refused(folder: Path, tmp_path: Path) -> None:
    _make(tmp_path / "other")
    key = (tmp_path / "other" / "cluster-authority.key").read_bytes()
    (folder / "cluster-authority.key").write_bytes(key)

    with pytest.raises(QoroInputError, match=r"cluster-authority\.key does not belong to"):
        _make(folder)


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_others_can_read_is_refused(folder: Path, name: str) -> None:
    (folder / name).chmod(0o644)
    before = _contents(folder)

    with pytest.raises(QoroInputError, match=rf"mode is 644, expected 600; run chmod 600 .*{name}"):
        _make(folder, renew=True)
    assert _contents(folder) == before


@pytest.mark.parametrize("mode", [0o770, 0o777])
def test_a_folder_into_which_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)

    with pytest.raises(QoroInputError, match=r"other users can write .*open: run chmod 700 .*open"):
        _make(tmp_path / "open")
    assert not list((tmp_path / "open").iterdir())


def test_an_expired_authority_is_not_replaced(folder: Path) -> None:
    with pytest.raises(QoroInputError, match=r"cluster-authority\.pem expired on .*: make .* another folder"):
        _make(folder, days=3651)


def test_a_certificate_does_not_outlive_its_authority(folder: Path) -> None:
    made = {certificate.path.name: certificate.ends_s for certificate in _make(folder, days=3600)}

    assert made["cluster.pem"] == made["cluster-authority.pem"]


def test_an_interrupted_run_is_completed(folder: Path) -> None:
    # The key is written before its certificate.
    for name in ("https-authority.pem", "https.pem", "https.key", "cluster.pem"):
        (folder / name).unlink()

    changes = _changes(_make(folder))

    assert changes == {**dict.fromkeys(CERTIFICATES, Change.MADE), "cluster-authority.pem": Change.KEPT}
    load_security(folder)
    read_certificate(
        CertificateFiles(folder / "https.pem", folder / "https.key", folder / "https-authority.pem")
    )


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(QoroError, match=r"cannot write .*file.*: choose a folder that you may write"):
        _make(tmp_path / "file" / "certificates")


def test_a_temporary_certificate_has_no_authority_that_could_issue_another(tmp_path: Path) -> None:
    security = load_security(make_temporary(tmp_path))

    assert {path.name for path in tmp_path.iterdir()} == {
        "cluster-authority.pem",
        "cluster.pem",
        "cluster.key",
    }
    _shake_hands(
        security.get_connection_args("worker")["ssl_context"],
        security.get_listen_args("scheduler")["ssl_context"],
    )


def test_a_missing_library_is_named_with_its_command() -> None:
    with pytest.raises(
        QoroError, match='cryptography, which is not installed: run python -m pip install "cry'
    ):
        check_installed(lambda name: None)


def test_the_command_says_what_to_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "certificates"

    assert main(["certificates", str(folder), "--host", "qoro.lab"]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [[name, "made"] for name in CERTIFICATES]
    assert "qoro.lab" in out
    assert "Copy cluster-authority.pem, cluster.pem and cluster.key to a folder on each machine" in err
    assert f"serve with --certificate {folder}/https.pem --key {folder}/https.key" in err
    assert "Give https-authority.pem to the users" in err
    assert "Leave cluster-authority.key and https-authority.key here" in err

    assert main(["certificates", str(folder)]) == 0
    assert "No certificate expires within a month" in capsys.readouterr().err
    assert main(["certificates", str(folder), "--renew"]) == 0
    assert "renewed" in capsys.readouterr().out
