"""Figures for Prometheus: made here so that every process of an installation counts into one answer.

The supervisor names a folder in PROMETHEUS_MULTIPROC_DIR before a child starts; each keeps its values in files there,
and whichever process serves `/metrics` adds them up. Labels are ids of parts or codes, never customer words.
"""

import os
from collections.abc import Iterable
from typing import Final, Literal

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, Metric, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
PREFIX: Final = "intercanal_"
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Registry(CollectorRegistry):
    """Knows this process's figures, and answers those of all processes that share our folder."""

    def collect(self) -> Iterable[Metric]:
        """Add up what all processes counted; without a folder there is only this one."""
        if FOLDER_VARIABLE not in os.environ:
            return super().collect()
        together: Iterable[Metric] = MultiProcessCollector(None).collect()  # type: ignore[no-untyped-call]  # untyped there
        return together


REGISTRY: Final = Registry()
"""The registry of the product: whatever makes a figure registers it here, whatever answers `/metrics` asks here."""


def counter(name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
    """Make a count that only grows; the name gets our prefix."""
    return Counter(PREFIX + name, text, labels, registry=REGISTRY)


def gauge(
    name: str, text: str, labels: tuple[str, ...] = (), across: Literal["livesum", "livemax", "livemin"] = "livesum"
) -> Gauge:
    """Make a value that goes up and down; `across` says how the living processes' values become one."""
    return Gauge(PREFIX + name, text, labels, multiprocess_mode=across, registry=REGISTRY)


def histogram(name: str, text: str, labels: tuple[str, ...] = (), buckets: tuple[float, ...] = SECONDS) -> Histogram:
    """Make a distribution, of seconds unless the buckets say otherwise."""
    return Histogram(PREFIX + name, text, labels, buckets=buckets, registry=REGISTRY)


def render() -> bytes:
    """Return the text of `/metrics`."""
    return generate_latest(REGISTRY)


def forget_process(pid: int, folder: str) -> None:
    """Drop the live values of a process that ended; its counts stay."""
    mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]  # the library leaves it untyped
