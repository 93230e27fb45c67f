"""The garbage collector, told what a process of ours is: what it loaded stays, and its data cannot go in circles."""

import gc
from typing import Final

_YOUNG, _MIDDLE, _OLD = 5_000, 10, 100
THRESHOLDS: Final = (_YOUNG, _MIDDLE, _OLD)


def settle() -> None:
    """Take what was loaded - modules, the rows of domains - out of every later search, which would stall everybody.

    What is kept by the thousand - commands, events, rows, frames - is not tracked at all: it is plain data, freed by
    its count of references.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
