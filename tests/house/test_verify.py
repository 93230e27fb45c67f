import warnings
from pathlib import Path

import pytest

from tools import needs
from tools.verify import Step, Tally, junit, main, run, summary, together

CALL = "import warnings; warnings.warn('soon gone', DeprecationWarning)"
REPORT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure>no</failure></testcase>
<testcase classname="a" name="broken"><error>no</error></testcase>
<testcase classname="a" name="left_out"><skipped/></testcase>
</testsuite></testsuites>"""


def test_given_a_report_then_what_was_skipped_counts_as_failed(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text(REPORT)
    tally = junit(tmp_path / "report.xml", "tests")(1)
    assert tally.passed == 1
    assert [line.split()[-1] for line in tally.failed] == ["(failure)", "(error)", "(skipped)"]


@pytest.mark.parametrize("report", [None, "<testsuites/>"])
def test_given_no_test_at_all_then_the_step_fails(tmp_path: Path, report: str | None) -> None:
    if report is not None:
        (tmp_path / "report.xml").write_text(report)
    assert junit(tmp_path / "report.xml", "tests")(0).failed


def test_given_good_tests_and_a_bad_exit_code_then_the_step_fails(tmp_path: Path) -> None:
    (tmp_path / "report.xml").write_text("<testsuite><testcase classname='a' name='good'/></testsuite>")
    assert junit(tmp_path / "report.xml", "tests")(3).failed
    assert not junit(tmp_path / "report.xml", "tests")(0).failed


def test_given_steps_then_each_is_run_and_a_failing_one_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [
        Step("good", ("true",)),
        Step("bad", ("sh", "-c", "echo why; exit 4")),
        Step("absent", ("no-such-program",)),
    ]
    tallies = together(steps)
    assert [(tally.passed, tally.failed) for tally in tallies] == [(1, []), (0, ["bad"]), (0, ["absent"])]
    assert "why" in capsys.readouterr().out


def test_given_a_step_then_it_has_nothing_to_read() -> None:
    assert run(Step("reads", ("sh", "-c", "! read line")), shown=False).passed == 1


def test_given_tallies_then_the_last_line_adds_them_up() -> None:
    said, good = summary([Tally(passed=3), Tally(passed=1, failed=["one"])])
    assert (said, good) == ("FAILED one\n4 passed, 1 failed", False)
    assert summary([Tally(passed=3)]) == ("3 passed, 0 failed", True)
    assert summary([]) == ("0 passed, 0 failed", False)


def test_given_a_missing_program_then_the_tests_fail_with_a_clear_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.verify.missing_for_tests", lambda: [("swaks", "a mail client that is not ours")])
    assert main(["test"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "0 passed, 1 failed"
    assert "a mail client that is not ours (Debian package swaks)" in said[-2]


def test_given_a_machine_without_the_programs_then_each_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(needs, "postgresql_servers", lambda: {14: tmp_path})
    assert [package for package, _ in needs.missing_for_tests()] == ["postgresql", "faketime", "swaks"]
    for name in ("faketime", "swaks"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(needs, "postgresql_servers", lambda: {15: tmp_path})
    assert needs.missing_for_tests() == []


@pytest.mark.parametrize("module", ["intercanal.mail.jobs", "tests.mail.post", "tools.verify", "bench.robots"])
def test_given_a_call_of_ours_that_is_on_its_way_out_then_a_test_fails(module: str) -> None:
    with pytest.raises(DeprecationWarning, match="soon gone"):
        exec(CALL, {"__name__": module})  # noqa: S102 - our own text


def test_given_a_library_that_makes_such_a_call_then_no_test_of_ours_fails() -> None:
    with warnings.catch_warnings(record=True) as told:
        exec(CALL, {"__name__": "library"})  # noqa: S102 - our own text
    assert [str(each.message) for each in told] == ["soon gone"]
