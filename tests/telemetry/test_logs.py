"""The log: machine words only, whoever writes."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from intercanal.infra.telemetry import logs, words
from intercanal.kernel.errors import ConflictError

SECRET = "Bonjour, ma facture est fausse"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def written() -> Iterator[Lines]:
    output = io.StringIO()
    kept = logging.getLogger().handlers[:], logging.getLogger().level
    logs.configure("test", output=output)
    yield lambda: [json.loads(line) for line in output.getvalue().splitlines()]
    logging.getLogger().handlers[:] = kept[0]
    logging.getLogger().setLevel(kept[1])
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_given_a_field_of_machine_words_when_it_is_logged_then_it_is_there(written: Lines) -> None:
    structlog.get_logger().info("mail.received", interaction_id="01920000", kind="Mail", count=3, seconds=0.5, ok=True)
    line = written()[0]
    assert (line["event"], line["interaction_id"], line["kind"]) == ("mail.received", "01920000", "Mail")
    assert (line["count"], line["seconds"], line["ok"], line["process"]) == (3, 0.5, True, "test")
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("field", ["subject", "body", "name", "email", "pii_text", "error", "reason", "anything"])
@pytest.mark.parametrize("value", [SECRET, SECRET.encode(), [SECRET], {"a": SECRET}, ValueError(SECRET)])
def test_given_any_other_field_when_it_is_logged_then_its_text_is_withheld(
    written: Lines, field: str, value: object
) -> None:
    structlog.get_logger().warning("mail.odd", **{field: value})
    assert written()[0][field] == words.WITHHELD
    assert SECRET not in json.dumps(written())


def test_given_a_message_made_of_a_customers_words_when_it_is_logged_then_it_is_withheld(written: Lines) -> None:
    structlog.get_logger().info(f"received {SECRET}")
    assert written()[0]["event"] == words.WITHHELD


def test_given_an_exception_when_it_is_logged_then_its_kinds_and_frames_are_told_and_not_its_message(
    written: Lines,
) -> None:
    def fail() -> None:
        raise KeyError(SECRET)

    def refuse() -> None:
        try:
            fail()
        except KeyError as cause:
            raise ConflictError("mail.refused", words=SECRET) from cause

    try:
        refuse()
    except ConflictError:
        structlog.get_logger().exception("mail.failed")
    line = written()[0]
    assert line["kind"] == "ConflictError < KeyError"
    assert line["code"] == "mail.refused"
    assert any("refuse" in frame for frame in line["frames"])
    assert SECRET not in json.dumps(line)


def test_given_a_library_when_it_logs_then_only_its_template_is_kept(written: Lines) -> None:
    library = logging.getLogger("some.library")
    library.warning("cannot parse %r", SECRET)
    library.warning(SECRET)
    library.info("chatter %s", "more")
    try:
        int(SECRET)
    except ValueError:
        library.exception("failed for %s", SECRET)
    lines = written()
    assert [line["template"] for line in lines] == ["cannot parse %r", "none", "failed for %s"]
    assert {line["logger"] for line in lines} == {"some.library"}
    assert SECRET not in json.dumps(lines)


def test_given_strict_logs_when_words_are_logged_then_the_call_fails(
    written: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(words.STRICT_VARIABLE, "1")
    structlog.get_logger().info("mail.received", kind="Mail")
    with pytest.raises(words.WordsInLogError):
        structlog.get_logger().info("mail.received", subject=SECRET)
    assert len(written()) == 1


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_costs_lines_and_not_the_process(written: Lines) -> None:
    logs.configure("test", output=FullDisk())
    structlog.get_logger().info("mail.received", count=1)
    logging.getLogger("asyncio").error("library")
    assert written() == []
