"""How long things last, and how many tries there are."""

from datetime import timedelta

from intercanal.identity.domain.limits import Rate

SESSION_IDLE = timedelta(hours=1)
SESSION_LENGTH = timedelta(hours=14)
SEEN_EVERY = timedelta(minutes=1)
RESET_LENGTH = timedelta(hours=1)
TICKET_LENGTH = timedelta(seconds=60)

PER_ACCOUNT_AND_NETWORK = Rate(burst=10, seconds=30)
PER_NETWORK = Rate(burst=60, seconds=2)
RESETS_PER_ACCOUNT = Rate(burst=3, seconds=600)
