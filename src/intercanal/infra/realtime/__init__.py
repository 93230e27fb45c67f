"""Numbered events for screens: exact catch-up from a ring, a bounded queue per socket."""
