"""`intercanal audit verify`."""

import argparse
import asyncio
import logging
from pathlib import Path

import msgspec

from intercanal.apps.installation import reach
from intercanal.identity.adapters.heads import FolderHeads
from intercanal.identity.domain.chain import Report
from intercanal.identity.service import audit_verify
from intercanal.infra.db.database import Database
from intercanal.infra.supervisor.account import own_all
from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.state import StateFolder
from intercanal.infra.telemetry import logs
from intercanal.kernel.ids import TenantId, is_id
from intercanal.tenancy.service import all_tenant_ids

HELP = "Walk the audit chains and their signed heads; the exit code is 1 when a line is not as it was written."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help=HELP)
    verify.add_argument("--data", type=Path, required=True, metavar="DIR", help="the installation's folder")
    verify.add_argument("--tenant", metavar="ID", help="one tenant only")
    verify.add_argument("--json", action="store_true", help="answer in JSON")


async def _verify(data: Path, only: str | None) -> list[Report]:
    folder = StateFolder(data)
    async with reach(data, "audit") as urls:
        heads = FolderHeads(folder.heads)
        own_all(folder.heads, folder.account)
        database = Database(urls.app, pool_size=1, name="intercanal-audit")
        try:
            tenants = [TenantId(only)] if only else await all_tenant_ids(database)
            return [await _walk(database, heads, tenant) for tenant in tenants]
        finally:
            await database.close()


async def _walk(database: Database, heads: FolderHeads, tenant_id: TenantId) -> Report:
    async with database.unit_of_work(tenant_id, read_only=True, isolation="REPEATABLE READ") as uow:
        return await audit_verify(uow, heads)


def run(given: argparse.Namespace) -> int:
    """Verify, and print a line for each tenant."""
    logs.configure("audit", logging.WARNING)
    if given.tenant is not None and not is_id(given.tenant):
        raise StartError(f"{given.tenant} is not a tenant's id.")
    reports = asyncio.run(_verify(given.data, given.tenant))
    if given.json:
        print(msgspec.json.encode(reports).decode())
    else:
        for report in reports:
            fault = "as written" if report.fault is None else f"{report.fault.code} at line {report.fault.sequence}"
            print(f"{report.tenant_id} {report.lines} lines, {report.heads} heads: {fault}")
    return int(any(report.fault is not None for report in reports))
