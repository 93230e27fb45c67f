"""The data folder: held by one process, with secrets that nobody else reads."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from intercanal.infra.supervisor.errors import StartError
from intercanal.infra.supervisor.state import BusyError, StateFolder


def test_given_an_empty_folder_when_secrets_are_asked_for_then_they_are_drawn_once(
    open_folder: Path,
) -> None:
    folder = StateFolder(open_folder / "data")
    folder.make()
    secrets = folder.secrets()
    values = [getattr(secrets, field.name) for field in msgspec.structs.fields(secrets)]
    assert len(set(values)) == len(values)
    assert all(len(value) >= 40 for value in values)
    assert StateFolder(open_folder / "data").secrets() == secrets
    assert (open_folder / "data" / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_given_another_installation_when_it_draws_its_secrets_then_none_is_the_same(open_folder: Path) -> None:
    first, second = StateFolder(open_folder / "a"), StateFolder(open_folder / "b")
    first.make()
    second.make()
    one, two = first.secrets(), second.secrets()
    assert not any(getattr(one, f.name) == getattr(two, f.name) for f in msgspec.structs.fields(one))


def test_given_a_database_without_its_secrets_when_they_are_asked_for_then_none_are_drawn(open_folder: Path) -> None:
    folder = StateFolder(open_folder)
    folder.make()
    (open_folder / "postgres").mkdir()
    (open_folder / "postgres" / "PG_VERSION").write_text("18\n")
    with pytest.raises(StartError, match="backup"):
        folder.secrets()


def test_given_a_folder_in_use_when_another_process_wants_it_then_it_is_told_by_whom(open_folder: Path) -> None:
    folder = StateFolder(open_folder)
    with folder.lock("serve"), pytest.raises(BusyError, match=rf"serve \(process {os.getpid()}\)"), folder.lock("x"):
        pass
    with folder.lock("again"):
        pass


def test_given_a_holder_that_was_killed_when_the_folder_is_wanted_then_it_is_free(open_folder: Path) -> None:
    code = (
        "import sys, pathlib\n"
        "from intercanal.infra.supervisor.state import StateFolder\n"
        "with StateFolder(pathlib.Path(sys.argv[1])).lock('serve'):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(open_folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        process.kill()
    with StateFolder(open_folder).lock("next"):
        pass


def test_given_a_folder_that_cannot_be_made_when_it_is_made_then_the_reason_is_said(open_folder: Path) -> None:
    (open_folder / "file").write_text("")
    with pytest.raises(StartError, match="cannot be made"):
        StateFolder(open_folder / "file" / "data").make()
