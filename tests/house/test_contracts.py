"""The import contracts of pyproject.toml, each broken once in a small package of the same shape."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = Path(sys.executable).with_name("lint-imports")
SETTINGS = (ROOT / "pyproject.toml").read_text()


def _lint(base: Path, extra: dict[str, str]) -> str:
    files = {
        name.replace(".", "/") + "/__init__.py": "" for name in re.findall(r'"(intercanal\.[a-z]+)\.live"', SETTINGS)
    }
    files |= {name.replace("/__init__", "/live"): "" for name in files}
    files |= {f"intercanal/{name}/__init__.py": "" for name in ("kernel", "infra", "apps", "routing", "mail", "chat")}
    files |= {"intercanal/__init__.py": ""} | extra
    for name, text in files.items():
        path = base / "src" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (base / "pyproject.toml").write_text(SETTINGS)
    environment = os.environ | {"PYTHONPATH": str(base / "src")}
    done = subprocess.run([LINT, "--no-cache"], cwd=base, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert ("0 broken" in done.stdout) == (done.returncode == 0)
    return done.stdout


def test_given_a_package_that_keeps_the_floors_then_no_contract_is_broken(tmp_path: Path) -> None:
    files = {
        "intercanal/routing/service.py": "import intercanal.people.live\n",
        "intercanal/mail/endpoints.py": "import intercanal.mail.service\n",
        "intercanal/mail/service.py": "import intercanal.mail.domain\nimport intercanal.routing.service\n",
        "intercanal/mail/domain.py": "import dataclasses\n",
    }
    assert "BROKEN" not in _lint(tmp_path, files)


@pytest.mark.parametrize(
    ("contract", "name", "text"),
    [
        ("Floors", "intercanal/mail/service.py", "import intercanal.chat\n"),
        ("Floors", "intercanal/people/service.py", "import intercanal.routing\n"),
        ("Floors", "intercanal/telepathy/__init__.py", ""),
        ("Inside a feature", "intercanal/mail/service.py", "import intercanal.mail.adapters\n"),
        ("Inside a feature", "intercanal/mail/live.py", "import intercanal.mail.tables\n"),
        ("What decides", "intercanal/mail/domain.py", "import asyncio\n"),
        ("What decides", "intercanal/people/live.py", "import time\n"),
        ("What decides", "intercanal/kernel/live.py", "import sqlalchemy\n"),
        ("No circles", "intercanal/kernel/one.py", "import intercanal.kernel.two\n"),
    ],
)
def test_given_one_forbidden_import_then_its_contract_is_broken(
    tmp_path: Path, contract: str, name: str, text: str
) -> None:
    files = {"intercanal/mail/adapters/__init__.py": "", "intercanal/mail/tables.py": "", name: text}
    files["intercanal/kernel/two.py"] = "import intercanal.kernel.one\n" if contract == "No circles" else ""
    said = _lint(tmp_path, files)
    assert re.search(rf"{contract}[^\n]* BROKEN", said), said
