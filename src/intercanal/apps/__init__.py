"""Roles and wiring: the only place that puts adapters behind ports."""
