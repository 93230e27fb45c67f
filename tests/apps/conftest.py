"""An installation for tests of the command line: its folder, and its commands as processes of their own."""

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from intercanal.apps.databases import Urls
from intercanal.apps.installation import hold
from tests.fixtures.background import Background

HOUSE = Path(__file__).parents[2]
PASSPHRASE = "a long enough pass phrase 1"


class Commands:
    """Runs the program on one data folder, and keeps what it said."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def run(self, command: str, *arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        words = command.split()
        return subprocess.run(
            [sys.executable, "-m", "intercanal.apps.cli", *words, "--data", str(self.data), *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=HOUSE,
            timeout=100,
            check=False,
        )

    def ok(self, command: str, *arguments: str) -> None:
        said = self.run(command, *arguments)
        assert said.returncode == 0, said.stderr

    def bootstrap(self, name: str) -> dict[str, str]:
        said = self.run(
            "bootstrap", "--tenant", name, "--email", f"{name.lower()}@example.org", "--password-stdin", "--json",
            stdin=PASSPHRASE,
        )  # fmt: skip
        assert said.returncode == 0, said.stderr
        made: dict[str, str] = json.loads(said.stdout)
        return made

    def json(self, command: str, *arguments: str) -> Any:
        said = self.run(command, *arguments, "--json")
        assert said.stdout, said.stderr
        return json.loads(said.stdout)


class Running:
    """An installation whose database runs until it is stopped, as under `serve`."""

    def __init__(self, commands: Commands, background: Background) -> None:
        self._background = background
        self._stack = contextlib.AsyncExitStack()
        self.commands = commands
        self.urls: Urls = background.run(self._start(commands.data))

    async def _start(self, data: Path) -> Urls:
        installation = await self._stack.enter_async_context(hold(data, "serve"))
        return await installation.start_database()

    def stop(self) -> None:
        self._background.run(self._stack.aclose())


@pytest.fixture
def commands(open_folder: Path) -> Commands:
    return Commands(open_folder / "data")


@pytest.fixture(scope="module")
def running(background: Background) -> Iterator[Running]:
    folder = Path(tempfile.mkdtemp(prefix="intercanal-test-"))
    folder.chmod(0o755)
    found = Running(Commands(folder / "data"), background)
    yield found
    found.stop()
    shutil.rmtree(folder, ignore_errors=True)
