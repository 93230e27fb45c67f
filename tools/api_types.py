"""Write `web/src/api/schema.ts` from the server's own description, or check that it is fresh."""

import importlib
import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
SCHEMA = WEB / "src" / "api" / "schema.ts"
DESCRIPTION = "intercanal.apps.openapi"


def make_types() -> str:
    """Return the TypeScript of everything that the server takes and answers."""
    document: bytes = importlib.import_module(DESCRIPTION).document()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "openapi.json", Path(folder) / "schema.ts"
        source.write_bytes(document)
        command = ("npx", "--no-install", "openapi-typescript", str(source), "--output", str(target), "--alphabetize")
        subprocess.run(command, cwd=WEB, check=True, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        return target.read_text()


def main(arguments: Sequence[str]) -> int:
    """Write the file, or with `--check` say whether it is as it should be."""
    is_described = importlib.util.find_spec(DESCRIPTION) is not None
    if not is_described and not SCHEMA.exists():
        print("the server does not describe itself yet, and no type is claimed from it")
        return 0
    made = make_types()
    if list(arguments) != ["--check"]:
        SCHEMA.write_text(made)
        return 0
    if SCHEMA.exists() and SCHEMA.read_text() == made:
        return 0
    print(f"{SCHEMA.relative_to(ROOT)} is not what the server describes: run `make api-types`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
