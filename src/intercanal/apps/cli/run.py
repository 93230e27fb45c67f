"""`intercanal run`: one worker of a cluster."""

import argparse

from intercanal.apps import process
from intercanal.apps.config import ConfigError

HELP = "Run some roles against your own PostgreSQL and NATS, named in the environment (see docs/operations.md)."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--roles", required=True, metavar="ROLE,...", help=f"among {', '.join(process.ROLES)}")


def run(given: argparse.Namespace) -> int:
    """Run the roles until told to stop."""
    roles = tuple(part.strip() for part in given.roles.split(",") if part.strip())
    unknown = sorted(set(roles) - set(process.ROLES))
    if unknown or not roles:
        raise ConfigError(f"No such role: {', '.join(unknown) or 'none given'}; there are {', '.join(process.ROLES)}.")
    return process.main(roles)
