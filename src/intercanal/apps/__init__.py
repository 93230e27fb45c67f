"""Roles and wiring: the only place that imports adapters."""
