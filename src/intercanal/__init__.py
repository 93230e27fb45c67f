"""Intercanal: one live queue, one customer, one team, on every channel."""

__version__ = "0.1.0"
