"""A trial certificate: an authority of the installation's own, and a server certificate it signs.

Sign-in cookies and microphones need HTTPS on any name but localhost; this gives it before a real certificate is there.
"""

import datetime
import ipaddress
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from intercanal.infra.supervisor.account import Account, own, private_file, private_folder

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 397
RENEW_DAYS: Final = 30
BACKDATED: Final = datetime.timedelta(minutes=5)
ALWAYS: Final = ("localhost", "127.0.0.1", "::1")


class CertificateFiles(msgspec.Struct, frozen=True):
    """Where a server's certificate chain and its key are."""

    certificate: Path
    key: Path


class CertificateFacts(msgspec.Struct, frozen=True):
    """What matters of a certificate: the names it is for, and its last moment."""

    names: tuple[str, ...]
    ends: datetime.datetime


def facts(path: Path) -> CertificateFacts:
    """Read the first certificate of a PEM file."""
    certificate = x509.load_pem_x509_certificates(path.read_bytes())[0]
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return CertificateFacts(names=(), ends=certificate.not_valid_after_utc)
    return CertificateFacts(names=tuple(str(name.value) for name in alternatives), ends=certificate.not_valid_after_utc)


def trial(folder: Path, host: str, now: datetime.datetime, account: Account | None = None) -> CertificateFiles:
    """Return a certificate for a host, made when there is none that fits or it ends within a month."""
    private_folder(folder, account)
    files = CertificateFiles(certificate=folder / "server.pem", key=folder / "server.key")
    if files.certificate.exists() and files.key.exists():
        known = facts(files.certificate)
        if host in known.names and known.ends - now > datetime.timedelta(days=RENEW_DAYS):
            # A backup brings them back as whoever restores it.
            own(files.key, account)
            own(files.certificate, account)
            return files
    authority, authority_key = _authority(folder, now)
    key = ec.generate_private_key(ec.SECP256R1())
    names = tuple(dict.fromkeys((host, *ALWAYS)))
    certificate = (
        _builder(f"Intercanal trial for {host}", key.public_key(), now, SERVER_DAYS)
        .issuer_name(authority.subject)
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    private_file(files.key, _key_bytes(key), account)
    private_file(files.certificate, _certificate_bytes(certificate) + _certificate_bytes(authority), account)
    return files


def _authority(folder: Path, now: datetime.datetime) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Return the installation's authority; its key stays with whoever started us, out of the children's reach."""
    certificate_file, key_file = folder / "authority.pem", folder / "authority.key"
    if certificate_file.exists() and key_file.exists():
        known = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        known_key = serialization.load_pem_private_key(key_file.read_bytes(), None)
        lasts = known.not_valid_after_utc - now > datetime.timedelta(days=SERVER_DAYS)
        if lasts and isinstance(known_key, ec.EllipticCurvePrivateKey):
            return known, known_key
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder("Intercanal trial authority", key.public_key(), now, AUTHORITY_DAYS)
    certificate = (
        builder.issuer_name(_name("Intercanal trial authority"))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_may_sign(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private_file(key_file, _key_bytes(key), None)
    private_file(certificate_file, _certificate_bytes(certificate), None)
    return certificate, key


def _builder(name: str, key: ec.EllipticCurvePublicKey, now: datetime.datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _may_sign() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate_bytes(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
