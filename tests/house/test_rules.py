from collections.abc import Callable
from pathlib import Path

import pytest

from tools.house import findings, main
from tools.rules import ALL
from tools.rules.model import House

Write = Callable[[str, str], None]

PEOPLE = "src/intercanal/people/"
ROUTING = "src/intercanal/routing/"
METHODS = "".join(f"    def m{number}(self) -> None: ...\n" for number in range(16))

# The rule, the file that breaks it, its text, the line where the finding must point.
BREACHES = [
    ("neighbours", ROUTING + "repository.py", "from intercanal.people.tables import Agent\n", 1),
    ("neighbours", ROUTING + "service.py", "import intercanal.people\n", 1),
    ("neighbours", ROUTING + "jobs.py", "def late():\n    from intercanal.people import repository\n", 2),
    ("neighbours", PEOPLE + "service.py", "from intercanal.routing.domain import choose\n", 1),
    ("adapters", PEOPLE + "service.py", "x = 1\nfrom intercanal.people.adapters.memory import Heads\n", 2),
    ("foreign-table", ROUTING + "repository.py", 'SQL = f"select 1 from people_agents where {x}"\n', 1),
    ("one-door", PEOPLE + "service.py", "async def pause(uow):\n    await uow.commit()\n", 2),
    (
        "one-door",
        PEOPLE + "repository.py",
        "async def pause(db):\n    async with db.unit_of_work('t'):\n        pass\n",
        2,
    ),
    ("file-names", PEOPLE + "helpers.py", "x = 1\n", 1),
    ("file-names", PEOPLE + "notes.txt", "words\n", 1),
    ("ten-places", ROUTING + "endpoints.py", "x = 1\n", 1),
    ("ten-places", "docs/features/telepathy.md", "# Telepathy\n", 1),
    ("ten-places", "tests/telepathy/test_it.py", "x = 1\n", 1),
    ("ten-places", "web/src/features/telepathy/feature.tsx", "export {}\n", 1),
    ("table-names", PEOPLE + "tables.py", "class Team:\n    __tablename__ = 'teams'\n", 2),
    ("table-names", PEOPLE + "tables.py", "NAME = 'teams'\n\n\nclass Team:\n    __tablename__ = NAME\n", 5),
    ("table-names", PEOPLE + "live.py", "TEAMS = StateTable(\n    name='teams',\n)\n", 1),
    ("table-names", "src/intercanal/infra/own.py", "class Own:\n    __tablename__ = 'people_outbox'\n", 2),
    (
        "table-names",
        "src/intercanal/migrations/20261101_01_people_teams.py",
        "op.execute('CREATE TABLE routing_teams (id int)')\n",
        1,
    ),
    ("migration-names", "src/intercanal/migrations/20261101_people.py", "x = 1\n", 1),
    ("own-words", PEOPLE + "events.py", "class Paused(Event, tag='routing.paused'): ...\n", 1),
    ("own-words", PEOPLE + "settings.py", "LIMIT = Setting(key='limit')\n", 1),
    ("own-words", PEOPLE + "service.py", "raise ConflictError('routing.busy')\n", 1),
    ("own-words", PEOPLE + "endpoints.py", "post(opt={'permission': 'routing.manage'})\n", 1),
    ("own-paths", PEOPLE + "endpoints.py", "router = Router(path='/api/agents')\n", 1),
    ("pure", PEOPLE + "live.py", "import random\n", 1),
    ("pure", PEOPLE + "live.py", "from intercanal.people.service import pause\n", 1),
    ("pure", PEOPLE + "live.py", "from intercanal.kernel.clock import SystemClock\n", 1),
    ("pure", ROUTING + "domain.py", "from datetime import datetime\n\nNOW = datetime.now()\n", 3),
    ("pure", ROUTING + "domain.py", "import time\n", 1),
    ("pure", ROUTING + "domain.py", "async def choose(): ...\n", 1),
    ("pure", ROUTING + "live.py", "for agent in set(agents):\n    pass\n", 1),
    ("pure", ROUTING + "live.py", "first = [a for a in {1, 2}]\n", 1),
    ("readable", PEOPLE + "service.py", "x = 1\n  y = 2\n", 2),
    ("file-size", PEOPLE + "service.py", "x = 1\n" * 401, 401),
    ("file-size", "tests/people/test_pausing.py", "x = 1\n" * 601, 601),
    ("file-size", "web/src/app/main.ts", "export {}\n" * 251, 251),
    ("class-size", PEOPLE + "service.py", "class Everything:\n" + METHODS, 1),
    ("class-size", PEOPLE + "ports.py", "class Port(Protocol):\n" + METHODS[: METHODS.index("    def m9")], 1),
    ("sleeping", PEOPLE + "jobs.py", "async def poll():\n    while True:\n        await asyncio.sleep(1)\n", 3),
    ("sleeping", "src/intercanal/infra/wait.py", "while not ready():\n    sleep(0)\n", 2),
    ("sleeping", "src/intercanal/apps/wait.py", "for _ in range(9):\n    if late():\n        time.sleep(0.1)\n", 3),
    ("bounded", "src/intercanal/infra/inbox.py", "inbox = asyncio.Queue()\n", 1),
    ("bounded", "src/intercanal/infra/inbox.py", "inbox = asyncio.Queue(maxsize=0)\n", 1),
    ("log-lines", PEOPLE + "service.py", "log.info('paused', subject=subject)\n", 1),
    ("log-lines", PEOPLE + "service.py", "log.info(message)\n", 1),
    ("escapes", PEOPLE + "service.py", "x = 1  # noqa: S101\n", 1),
    ("escapes", PEOPLE + "service.py", "x = 1  # type: ignore[arg-type]\n", 1),
    ("no-skips", "tests/people/test_pausing.py", "@pytest.mark.skip\ndef test_it(): ...\n", 1),
    ("no-skips", "tests/people/test_pausing.py", "def test_it():\n    pytest.skip('no server')\n", 2),
    ("exceptions", "pyproject.toml", "[[tool.mypy.overrides]]\nmodule = 'x'\nignore_errors = true\n", 1),
    ("exceptions", "pyproject.toml", "[[tool.importlinter.contracts]]\nid = 'floors'\nignore_imports = []\n", 1),
    ("pure", ROUTING + "live.py", "x = 1\n", 1),
    ("addresses", "locks/run.txt", "--index-" + "url https" + "://packages.example/simple\n", 1),
    ("addresses", "web/package-lock.json", '{"resolved": "https' + '://packages.example/react.tgz"}\n', 1),
    ("machine", "docs/upgrade.md", "Look in /" + "root/intercanal\n", 1),
]


def test_given_a_project_that_keeps_the_rules_then_nothing_is_found(project: Path) -> None:
    assert findings(project) == []
    assert main([str(project)]) == 0


@pytest.mark.parametrize(("rule", "name", "text", "line"), BREACHES)
def test_given_one_breach_then_it_is_found_where_it_stands(
    project: Path, write: Write, rule: str, name: str, text: str, line: int, capsys: pytest.CaptureFixture[str]
) -> None:
    write(name, text)
    told = [(finding.rule, finding.line) for finding in findings(project)]
    assert (rule, line) in told
    assert main([str(project)]) == 1
    assert f"[{rule}]" in capsys.readouterr().out


def test_given_long_files_everywhere_then_the_median_is_told(project: Path, write: Write) -> None:
    for number in range(40):
        write(f"src/intercanal/infra/part{number}.py", "x = 1\n" * 101)
    assert "median-size" in {finding.rule for finding in findings(project)}


ALLOWED = [
    (ROUTING + "service.py", "from intercanal.people.events import Paused\n"),
    ("src/intercanal/apps/wiring.py", "from intercanal.people.adapters.memory import Heads\n"),
    ("src/intercanal/simulation/domain.py", "from intercanal.routing.domain import choose\n"),
    (
        PEOPLE + "jobs.py",
        "async def run(db):\n    async with db.unit_of_work('t') as uow:\n        await uow.commit()\n",
    ),
    (PEOPLE + "words.fr.json", "{}\n"),
    (PEOPLE + "adapters/memory.py", "from intercanal.people.ports import Heads\n"),
    (ROUTING + "tables.py", "key = ForeignKey('people_agents.id')\n"),
    (ROUTING + "domain.py", "order = sorted({1, 2})\nfor one in sorted(set(order)):\n    pass\n"),
    ("src/intercanal/infra/bus.py", "while True:\n    await inbox.get()\n    await asyncio.sleep(0)\n"),
    ("src/intercanal/infra/bus.py", "for task in tasks:\n    def later():\n        time.sleep(1)\n"),
    (PEOPLE + "service.py", "x = 1  # noqa: S101 - the reason\n"),
    (PEOPLE + "service.py", "log.info('agent paused', agent_id=agent_id)\n"),
    (PEOPLE + "service.py", "raise InvalidError('request.cursor')\n"),
    (PEOPLE + "service.py", "inbox = asyncio.Queue(100)\n"),
]


@pytest.mark.parametrize(("name", "text"), ALLOWED)
def test_given_what_the_rules_allow_then_nothing_is_found(project: Path, write: Write, name: str, text: str) -> None:
    write(name, text)
    assert findings(project) == []


def test_given_the_breaches_above_then_each_rule_has_found_one(project: Path, write: Write) -> None:
    silent = {rule.__name__ for rule in ALL} - {"median_size"}
    for _, name, text, _ in BREACHES:
        path = project / name
        before = path.read_text() if path.exists() else None
        write(name, text)
        house = House(project)
        silent -= {rule.__name__ for rule in ALL if any(rule(house))}
        if before is None:
            path.unlink()
        else:
            path.write_text(before)
    assert silent == set()
