"""Check the rules of the house that no other tool knows; each finding names its file and line."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tools.rules import ALL
from tools.rules.model import Finding, House
from tools.rules.writing import median_lines

ROOT = Path(__file__).resolve().parent.parent


def findings(root: Path) -> list[Finding]:
    """Return everything that breaks a rule below a folder."""
    house = House(root)
    return sorted({finding for rule in ALL for finding in rule(house)})


def main(arguments: Sequence[str]) -> int:
    """Print the findings and return 1 when there are any."""
    root = Path(arguments[0]).resolve() if arguments else ROOT
    found = findings(root)
    for finding in found:
        print(finding)
    house = House(root)
    print(f"house: {len(ALL)} rules, {len(house.sources)} files, median {median_lines(house):.0f} lines of the product")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
