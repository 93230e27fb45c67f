"""A small project that keeps every rule, for tests to break one at a time."""

from collections.abc import Callable
from pathlib import Path

import pytest

FILES = {
    "pyproject.toml": '[[tool.importlinter.contracts]]\nid = "pure"\nsource_modules = ["intercanal.people.live"]\n',
    "src/intercanal/__init__.py": '"""Product."""\n',
    "src/intercanal/kernel/__init__.py": '"""Shared."""\n',
    "src/intercanal/infra/__init__.py": '"""Plumbing."""\n',
    "src/intercanal/apps/__init__.py": '"""Wiring."""\n',
    "src/intercanal/people/__init__.py": '"""Agents."""\n',
    "src/intercanal/people/service.py": '"""Use cases."""\n',
    "src/intercanal/people/tables.py": '"""Tables."""\n\n\nclass Agent:\n    __tablename__ = "people_agents"\n',
    "src/intercanal/people/live.py": '"""Live."""\n\nfrom intercanal.kernel import ids\n',
    "src/intercanal/people/endpoints.py": '"""Doors."""\n\nrouter = Router(path="/api/people")\n',
    "src/intercanal/routing/__init__.py": '"""Queues."""\n',
    "src/intercanal/routing/domain.py": '"""Decisions."""\n\nfrom intercanal.people.live import Agent\n',
    "src/intercanal/routing/service.py": '"""Use cases."""\n\nfrom intercanal.people import service\n',
    "tests/people/test_pausing.py": "def test_pausing() -> None:\n    assert True\n",
    "docs/features/people.md": "# People\n",
    "locks/run.txt": "litestar==2.25.0 \\\n    --hash=sha256:00\n",
    "web/src/app/main.ts": "export const name = 'Intercanal'\n",
}

Write = Callable[[str, str], None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture
def write(project: Path) -> Write:
    def put(name: str, text: str) -> None:
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return put
