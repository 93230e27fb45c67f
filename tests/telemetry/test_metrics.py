"""Figures: one answer for all processes of an installation."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from intercanal.infra.telemetry.stalls import StallWatch

COUNTING = """
import sys
from intercanal.infra.telemetry import metrics
metrics.counter("letters_total", "Letters", ("kind",)).labels("mail").inc(int(sys.argv[1]))
metrics.gauge("open_doors", "Doors").set(int(sys.argv[1]))
metrics.histogram("wait_seconds", "Waiting").observe(0.2)
print("counted", flush=True)
sys.stdin.read()
"""
ASKING = "from intercanal.infra.telemetry import metrics; print(metrics.render().decode())"


def _python(code: str, *arguments: str, folder: Path | None) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in os.environ.items() if name != "PROMETHEUS_MULTIPROC_DIR"}
    if folder is not None:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_given_two_processes_when_a_third_is_asked_then_it_answers_for_both(tmp_path: Path) -> None:
    with _python(COUNTING, "2", folder=tmp_path) as one, _python(COUNTING, "3", folder=tmp_path) as two:
        for process in (one, two):
            assert process.stdout is not None
            assert process.stdout.readline() == "counted\n"
        with _python(ASKING, folder=tmp_path) as asked:
            text = asked.communicate()[0]
    assert 'intercanal_letters_total{kind="mail"} 5.0' in text
    assert "intercanal_open_doors 5.0" in text
    assert "intercanal_wait_seconds_count 2.0" in text


def test_given_one_process_alone_when_it_is_asked_then_it_answers_for_itself() -> None:
    code = "from intercanal.infra.telemetry import metrics\nmetrics.counter('x_total', 'X').inc()\n" + ASKING
    with _python(code, folder=None) as asked:
        assert "intercanal_x_total 1.0" in asked.communicate()[0]


async def test_given_a_loop_that_stalls_when_it_is_watched_then_the_stall_is_counted() -> None:
    watch = StallWatch("test-stall")
    watch.start()
    begun = asyncio.get_running_loop().time()
    await asyncio.sleep(0.2)
    time.sleep(0.15)  # noqa: ASYNC251 - the stall that is to be seen
    await asyncio.sleep(0.01)
    watch.stop()
    assert asyncio.get_running_loop().time() - begun > 0.25
    assert watch.stalls >= 1
