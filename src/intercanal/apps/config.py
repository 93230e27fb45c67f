"""What a process of the product is told: where the database, the bus and the files are, and what it listens on.

The supervisor writes it to a file that only the children may read; a worker of a cluster reads it from its environment.
"""

import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

FILE_VARIABLE: Final = "INTERCANAL_ENDPOINTS"
SOCKETS_VARIABLE: Final = "INTERCANAL_SOCKETS"
PREFIX: Final = "INTERCANAL_"
HIGHEST_PORT: Final = 65535


class ConfigError(Exception):
    """Something a process must be told is missing or wrong; the text names the variable."""


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A host and a port to listen on or to reach."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read HOST:PORT, an IPv6 host in brackets."""
        host, separator, port = text.rpartition(":")
        if not separator or not host or not port.isdigit() or int(port) > HIGHEST_PORT:
            raise ConfigError(f"{text!r} is not HOST:PORT.")
        return cls(host=host.removeprefix("[").removesuffix("]"), port=int(port))


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that a process needs to know about its installation.

    `listen` maps a door (`http`, `smtp`, `sip`) to its address; a door that is not there is not opened.
    `blobs` is `file:///folder`, `s3://bucket/prefix` or `memory://`. `secret` is the installation's own random key.
    """

    app_url: str
    journal_url: str
    nats_url: str
    nats_token: str
    secret: str
    blobs: str
    public_url: str
    data: str | None = None
    listen: Mapping[str, Address] = {}
    smtp_relay: Address | None = None
    tls_certificate: str | None = None
    tls_key: str | None = None
    voice_engine: str = "fake"


def load(environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration of this process: the supervisor's file when there is one, else the environment."""
    path = environment.get(FILE_VARIABLE)
    if path is not None:
        return read(Path(path))
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Config):
        text = environment.get(PREFIX + field.name.upper())
        if text is not None:
            values[field.name] = _value(field.name, text)
        elif field.required:
            raise ConfigError(f"{PREFIX}{field.name.upper()} is not set.")
    return Config(**values)  # type: ignore[arg-type]  # each value was made for its field just above


def _value(name: str, text: str) -> object:
    if name == "listen":
        doors = (part.split("=", 1) for part in text.split(","))
        return {door: Address.parse(address) for door, address in doors}
    return Address.parse(text) if name == "smtp_relay" else text


def read(path: Path) -> Config:
    """Read the file of the supervisor."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Config)
    except (OSError, msgspec.DecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}") from error


def bind(address: Address, kind: socket.SocketKind = socket.SOCK_STREAM) -> socket.socket:
    """Bind a door, so that it can be handed to a child that could not have opened a low port itself."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    door = socket.socket(family, kind)
    try:
        if kind == socket.SOCK_STREAM:
            door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind((address.host, address.port))
    except OSError as error:
        door.close()
        raise ConfigError(f"{address} cannot be listened on: {error.strerror}.") from error
    return door


def door(config: Config, name: str, environment: Mapping[str, str] = os.environ) -> socket.socket | None:
    """Return the socket of a door: the one inherited from the supervisor, else one bound now; None when not opened."""
    for part in filter(None, environment.get(SOCKETS_VARIABLE, "").split(",")):
        known, _, descriptor = part.partition("=")
        if known == name:
            inherited = socket.socket(fileno=int(descriptor))
            inherited.setblocking(False)
            return inherited
    address = config.listen.get(name)
    if address is None:
        return None
    fresh = bind(address, socket.SOCK_DGRAM if name == "sip" else socket.SOCK_STREAM)
    fresh.setblocking(False)
    return fresh
