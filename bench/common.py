"""What every bench does alike: one JSON line a figure, and a result file with the conditions it was taken under."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"

Param = str | int | float | bool
Value = float | int | bool


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def conditions() -> dict[str, object]:
    """Return the machine, its load, and the commit that is measured."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
        },
        "load_average": list(os.getloadavg()),
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--", "src", "bench")),
    }


class Bench:
    """The figures of one bench; `facts` are further conditions, such as what the database was told about fsync."""

    def __init__(self, name: str, facts: Mapping[str, object] | None = None) -> None:
        self.name = name
        self._facts = dict(facts or {})
        self._begun = conditions()
        self._clock = (time.perf_counter(), time.process_time())
        self._figures: list[dict[str, object]] = []

    def figure(self, figure: str, params: Mapping[str, Param], value: Value, unit: str) -> None:
        """Print one figure and keep it."""
        kept: Value = round(value, 3) if isinstance(value, float) else value
        line: dict[str, object] = {"bench": self.name, "figure": figure, "params": dict(params), "value": kept}
        line["unit"] = unit
        print(json.dumps(line), flush=True)
        self._figures.append(line)

    def write(self) -> Path:
        """Write the figures with their conditions, the load also as it is at the end; return the file."""
        RESULTS.mkdir(parents=True, exist_ok=True)
        wall, cpu = self._clock
        content = {
            "bench": self.name,
            **self._begun,
            **self._facts,
            "load_average_after": list(os.getloadavg()),
            "wall_s": round(time.perf_counter() - wall, 3),
            "cpu_s": round(time.process_time() - cpu, 3),
            "figures": self._figures,
        }
        path = RESULTS / f"{self.name}.json"
        path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")
        return path


def percentile(ordered: list[int], share: float) -> int:
    """Return the value below which a share of sorted values lies."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
