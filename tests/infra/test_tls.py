"""The trial certificate: one that a client who trusts its authority accepts, kept until it must be renewed."""

import datetime
import os
import socket
import ssl
import threading
from pathlib import Path

import pytest

from intercanal.infra import tls
from intercanal.infra.supervisor.account import Account

NOW = datetime.datetime.now(datetime.UTC)


def _shake_hands(files: tls.CertificateFiles, authority: Path, name: str) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=str(authority))
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except (ssl.SSLError, OSError):
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(here, server_hostname=name).close()
    finally:
        here.close()
        thread.join()


@pytest.mark.parametrize("host", ["desk.example.org", "192.0.2.7", "localhost"])
def test_given_a_trial_certificate_when_a_client_trusts_its_authority_then_it_connects(
    tmp_path: Path, host: str
) -> None:
    files = tls.trial(tmp_path, host, NOW)
    for name in (host, "localhost", "127.0.0.1"):
        _shake_hands(files, tmp_path / "authority.pem", name)
    with pytest.raises(ssl.SSLCertVerificationError):
        _shake_hands(files, tmp_path / "authority.pem", "other.example.org")


def test_given_a_certificate_when_it_is_asked_for_again_then_it_is_kept_until_its_last_month(tmp_path: Path) -> None:
    first = tls.trial(tmp_path, "desk.example.org", NOW).certificate.read_bytes()
    authority = (tmp_path / "authority.pem").read_bytes()
    assert tls.trial(tmp_path, "desk.example.org", NOW).certificate.read_bytes() == first
    later = NOW + datetime.timedelta(days=370)
    renewed = tls.trial(tmp_path, "desk.example.org", later)
    assert renewed.certificate.read_bytes() != first
    assert tls.facts(renewed.certificate).ends > later + datetime.timedelta(days=300)
    assert (tmp_path / "authority.pem").read_bytes() == authority


def test_given_another_host_when_a_certificate_is_asked_for_then_it_is_for_that_one(tmp_path: Path) -> None:
    tls.trial(tmp_path, "one.example.org", NOW)
    files = tls.trial(tmp_path, "two.example.org", NOW)
    assert "two.example.org" in tls.facts(files.certificate).names


def test_given_the_keys_when_they_are_written_then_nobody_else_reads_them(tmp_path: Path) -> None:
    tls.trial(tmp_path, "desk.example.org", NOW)
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("*.key")} == {0o600}
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_given_keys_that_a_restore_left_to_root_when_they_are_kept_then_the_server_may_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = tls.trial(tmp_path, "desk.example.org", NOW)
    given = set()
    monkeypatch.setattr(os, "chown", lambda path, uid, gid: given.add((Path(path), uid, gid)))
    tls.trial(tmp_path, "desk.example.org", NOW, Account(name="somebody", uid=12, gid=13))
    assert given >= {(files.key, 12, 13), (files.certificate, 12, 13)}
    assert not any(path.name.startswith("authority") for path, _, _ in given)
