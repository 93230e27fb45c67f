"""The three roles of the program and its database, made once by whoever runs the server."""

import secrets

import asyncpg
import msgspec

OWNER, APP, JOURNAL = "intercanal_owner", "intercanal_app", "intercanal_journal"
EXTENSIONS = ("citext", "unaccent", "pg_trgm")
OPTIONAL_EXTENSIONS = ("pg_stat_statements",)


class RolePasswords(msgspec.Struct, frozen=True):
    """The passwords of the three roles; generated, never a default."""

    owner: str
    app: str
    journal: str


def generate_passwords() -> RolePasswords:
    """Draw three fresh passwords that need no quoting in an URL."""
    return RolePasswords(*(secrets.token_urlsafe(24) for _ in range(3)))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


async def create_roles(superuser: asyncpg.Connection, passwords: RolePasswords) -> None:
    """Make the three roles, or give them new passwords; none is a superuser, bypasses row security or makes roles."""
    for role, password in ((OWNER, passwords.owner), (APP, passwords.app), (JOURNAL, passwords.journal)):
        exists = await superuser.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
        verb = "ALTER" if exists else "CREATE"
        await superuser.execute(
            f"{verb} ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION "
            f"PASSWORD {_literal(password)}"
        )


async def create_database(superuser: asyncpg.Connection, name: str = "intercanal") -> bool:
    """Make the database, owned by the owner role and closed to everybody else; says whether it was made now.

    The connection must not be inside a transaction, and `prepare_database` follows on the new database.
    """
    made = not await superuser.fetchval("SELECT true FROM pg_database WHERE datname = $1", name)
    if made:
        # A non-superuser administrator (managed servers) must be a member of the owner role to give it a database.
        if not await superuser.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
            await superuser.execute(f"GRANT {OWNER} TO CURRENT_USER")
        await superuser.execute(
            f"CREATE DATABASE {_name(name)} OWNER {OWNER} ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
        )
    await superuser.execute(f"REVOKE ALL ON DATABASE {_name(name)} FROM PUBLIC")
    await superuser.execute(f"GRANT CONNECT ON DATABASE {_name(name)} TO {APP}, {JOURNAL}")
    return made


async def prepare_database(superuser: asyncpg.Connection) -> list[str]:
    """Make the extensions in the connected database and close its schema; returns optional ones the server lacks."""
    for extension in EXTENSIONS:
        await superuser.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
    missing = []
    for extension in OPTIONAL_EXTENSIONS:
        try:
            await superuser.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        except (asyncpg.InsufficientPrivilegeError, asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError):
            missing.append(extension)
    await superuser.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    await superuser.execute(f"GRANT USAGE ON SCHEMA public TO {APP}, {JOURNAL}")
    # Functions are open to everybody by default; ours are granted by name.
    await superuser.execute(f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC")
    return missing
