"""The command line: one small module for each command, found by its name."""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Final, Protocol

from intercanal.apps.config import ConfigError
from intercanal.infra.supervisor.errors import StartError

COMMANDS: Final = ("serve", "run", "bootstrap", "migrate", "backup", "restore", "doctor", "audit", "replay")


class CommandModule(Protocol):
    """What the module of a command offers."""

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Say what the command takes."""
        ...

    def run(self, given: argparse.Namespace) -> int:
        """Do it, and return the exit code."""
        ...


def _module(name: str) -> CommandModule:
    module: CommandModule = importlib.import_module(f"intercanal.apps.cli.{name}")
    return module


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """Build the parser; a command alone is enough when we know it, so that no other's libraries are loaded."""
    whole = argparse.ArgumentParser(prog="intercanal", description="Contact centre for every channel.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in COMMANDS if only is None else (only,):
        module = _module(name)
        module.arguments(commands.add_parser(name, help=module.HELP, description=module.HELP))
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; what keeps it from working is said in one sentence, without a traceback."""
    given = list(sys.argv[1:] if argv is None else argv)
    known = given[0] if given and given[0] in COMMANDS else None
    asked = parser(known).parse_args(given)
    try:
        return _module(asked.command).run(asked)
    except (StartError, ConfigError) as error:
        sys.stderr.write(f"intercanal: {error}\n")
    except PermissionError as error:
        sys.stderr.write(f"intercanal: {error.filename}: {error.strerror}\n")
    return 1
