"""When a mail that could not leave is tried again, and when it is given up."""

from datetime import datetime, timedelta

GIVE_UP_AFTER = timedelta(hours=48)
MOST_CRASHES = 3
_FIRST = timedelta(seconds=30)
_LONGEST = timedelta(hours=2)
# somebody sits waiting for a reset mail, and it is good for an hour only
_SOON, _NOT_LATER = timedelta(seconds=10), timedelta(minutes=5)


def next_try(began_at: datetime, attempts: int, now: datetime) -> timedelta | None:
    """Return how long to wait before the next try, doubling each time; None when 48 hours have gone by."""
    left = began_at + GIVE_UP_AFTER - now
    if left <= timedelta(0):
        return None
    doubled: timedelta = _FIRST * (1 << min(max(attempts, 1) - 1, 16))
    return min(doubled, _LONGEST, left)


def next_try_of_reset(asked_at: datetime, now: datetime) -> timedelta:
    """Return how long a reset mail waits before its next try: as long as it has waited, so about doubling each time."""
    return min(max(now - asked_at, _SOON), _NOT_LATER)
