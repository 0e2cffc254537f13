"""A private authority that issues certificates.

Its certificate says that it may issue certificates of servers and clients, but no further authorities. The
keys are on the curve P-256.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["AUTHORITY_LIFETIME", "Authority", "Key", "build_key", "decode_key", "encode_key"]

AUTHORITY_LIFETIME = dt.timedelta(days=3650)
"""How long the certificate of an authority is valid."""

CERTIFICATE_LIFETIME = dt.timedelta(days=397)
"""How long other certificates are valid. Browsers distrust certificates of servers that are valid longer."""

# The clocks of the machines differ.
_CLOCK_TOLERANCE = dt.timedelta(hours=1)

Key = ec.EllipticCurvePrivateKey
"""A private key."""


@dataclass(frozen=True)
class Authority:
    """An authority.

    Attributes:
        certificate: Its certificate.
        key: Its private key.
    """

    certificate: x509.Certificate
    key: Key

    @classmethod
    def create(cls, name: str, key: Key, *, now: dt.datetime) -> Self:
        """Create an authority.

        Args:
            name: Its name, for people.
            key: Its key.
            now: The time, with a time zone.
        """
        subject = _subject(name)
        builder = _builder(subject, subject, key, now, now + AUTHORITY_LIFETIME)
        return cls(
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(is_authority=True), critical=True)
            .sign(key, hashes.SHA256()),
            key,
        )

    @classmethod
    def decode(cls, certificate: bytes, key: bytes) -> Self:
        """Decode an authority.

        Args:
            certificate: Its certificate, in PEM format.
            key: Its private key, in PEM format.

        Raises:
            ValueError: These are not a certificate and a key.
        """
        return cls(x509.load_pem_x509_certificate(certificate), decode_key(key))

    @property
    def is_complete(self) -> bool:
        """Whether the key belongs to the certificate."""
        return self.certificate.public_key() == self.key.public_key()

    def encode(self) -> bytes:
        """Return the certificate in PEM format."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def issue(
        self,
        name: str,
        key: Key,
        *,
        hosts: Iterable[str],
        is_for_clients: bool,
        now: dt.datetime,
        lifetime: dt.timedelta = CERTIFICATE_LIFETIME,
    ) -> bytes:
        """Issue a certificate, and return it in PEM format.

        Args:
            name: The name of its subject, for people.
            key: The private key of the subject.
            hosts: Host names and addresses that it is for.
            is_for_clients: Whether clients authenticate themselves with it, as servers do.
            now: The time, with a time zone.
            lifetime: How long it is valid, but not longer than the authority.
        """
        usages = [ExtendedKeyUsageOID.SERVER_AUTH]
        if is_for_clients:
            usages.append(ExtendedKeyUsageOID.CLIENT_AUTH)
        end = min(now + lifetime, self.certificate.not_valid_after_utc)
        issuer = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        builder = _builder(_subject(name), self.certificate.subject, key, now, end)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(
                x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False
            )
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)


def build_key() -> Key:
    """Build a private key."""
    return ec.generate_private_key(ec.SECP256R1())


def decode_key(data: bytes) -> Key:
    """Decode a private key in PEM format.

    Raises:
        ValueError: This is no key of the kind that :func:`build_key` builds.
    """
    key = serialization.load_pem_private_key(data, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the private key is on no elliptic curve")
    return key


def encode_key(key: Key) -> bytes:
    """Return a private key in PEM format, without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, now: dt.datetime, end: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_TOLERANCE)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
