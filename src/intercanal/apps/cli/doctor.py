"""`intercanal doctor`."""

import argparse
import asyncio
import logging
from pathlib import Path

import msgspec

from intercanal.apps.doctor import examine, patient
from intercanal.infra.telemetry import logs

HELP = "Look an installation over; the exit code is 1 when something is at fault."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="the installation's folder")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(given: argparse.Namespace) -> int:
    """Examine, and print a line for each finding."""
    logs.configure("doctor", logging.ERROR)
    findings = asyncio.run(examine(patient(given.data)))
    if given.json:
        print(msgspec.json.encode(findings).decode())
    else:
        for finding in findings:
            print(f"{finding.verdict:8} {finding.check:12} {finding.said}")
    return int(any(finding.verdict == "fault" for finding in findings))
