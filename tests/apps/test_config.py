"""What a process is told, from the supervisor's file or from the environment."""

import socket
from pathlib import Path

import msgspec
import pytest

from intercanal.apps.config import Address, Config, ConfigError, bind, door, load

NEEDED = {
    "INTERCANAL_APP_URL": "postgresql://app@db/intercanal",
    "INTERCANAL_JOURNAL_URL": "postgresql://journal@db/intercanal",
    "INTERCANAL_NATS_URL": "nats://bus:4222",
    "INTERCANAL_NATS_TOKEN": "token",
    "INTERCANAL_SECRET": "secret",
    "INTERCANAL_BLOBS": "s3://bucket/prefix",
    "INTERCANAL_PUBLIC_URL": "https://desk.example.org",
}


def test_given_a_worker_of_a_cluster_when_it_starts_then_its_environment_tells_it_everything() -> None:
    config = load({**NEEDED, "INTERCANAL_LISTEN": "http=0.0.0.0:80,smtp=[::1]:25", "INTERCANAL_SMTP_RELAY": "mx:587"})
    assert config.listen == {"http": Address(host="0.0.0.0", port=80), "smtp": Address(host="::1", port=25)}
    assert config.smtp_relay == Address(host="mx", port=587)
    assert config.blobs == "s3://bucket/prefix"


@pytest.mark.parametrize("missing", NEEDED)
def test_given_something_needed_that_is_missing_when_it_is_loaded_then_its_variable_is_named(missing: str) -> None:
    with pytest.raises(ConfigError, match=missing):
        load({name: value for name, value in NEEDED.items() if name != missing})


def test_given_the_supervisors_file_when_it_is_loaded_then_it_is_the_same(tmp_path: Path) -> None:
    config = load({**NEEDED, "INTERCANAL_SMTP_RELAY": "mx:587"})
    file = tmp_path / "endpoints.json"
    file.write_bytes(msgspec.json.encode(config))
    assert load({"INTERCANAL_ENDPOINTS": str(file)}) == config
    file.write_bytes(b'{"half": ')
    with pytest.raises(ConfigError, match="cannot be read"):
        load({"INTERCANAL_ENDPOINTS": str(file)})


@pytest.mark.parametrize("text", ["", "host", "host:", ":25", "host:port", "host:65536", "host:-1"])
def test_given_what_is_no_address_when_it_is_read_then_it_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        Address.parse(text)


def test_given_a_taken_port_when_it_is_bound_then_the_error_names_it() -> None:
    with bind(Address(host="127.0.0.1", port=0)) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1:{port}"):
            bind(Address(host="127.0.0.1", port=port))


def test_given_an_inherited_door_when_it_is_asked_for_then_it_is_that_one() -> None:
    config = msgspec.structs.replace(load(NEEDED), listen={"smtp": Address(host="127.0.0.1", port=0)})
    with bind(Address(host="127.0.0.1", port=0)) as given:
        inherited = door(config, "http", {"INTERCANAL_SOCKETS": f"http={given.dup().detach()}"})
        assert inherited is not None
        with inherited:
            assert inherited.getsockname() == given.getsockname()
            assert not inherited.getblocking()
    assert door(config, "http", {}) is None
    own = door(config, "smtp", {})
    assert own is not None
    with own:
        assert own.type == socket.SOCK_STREAM


def test_given_secrets_when_the_configuration_is_shown_then_no_owner_is_among_them() -> None:
    assert not [
        field.name for field in msgspec.structs.fields(Config) if "owner" in field.name or "super" in field.name
    ]
