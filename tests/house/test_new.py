import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.house import findings
from tools.new import floors, make, problem

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def settings(project: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", project / "pyproject.toml")
    return project


@pytest.mark.parametrize("word", ["", "Voice", "two words", "people", "telepathy", "kernel", "apps"])
def test_given_a_word_that_cannot_be_a_feature_then_it_is_refused_with_the_reason(settings: Path, word: str) -> None:
    assert problem(settings, word)


def test_given_a_word_with_a_floor_then_its_places_keep_every_rule(settings: Path) -> None:
    assert problem(settings, "voice") is None
    before = findings(settings)
    made = make(settings, "voice")
    assert findings(settings) == before
    code = [str(path) for path in made if path.suffix == ".py"]
    for command in (["ruff", "check"], ["ruff", "format", "--check"]):
        said = subprocess.run(
            [sys.executable, "-m", *command, *code], cwd=settings, capture_output=True, text=True, check=False
        )
        assert said.returncode == 0, said.stdout
    assert problem(settings, "voice") == "`voice` exists already"


def test_given_the_contract_of_the_floors_then_every_feature_that_exists_has_one() -> None:
    folders = {path.name for path in (ROOT / "src" / "intercanal").iterdir() if path.is_dir()}
    assert folders - {"__pycache__"} <= floors(ROOT)
