"""Tenants, their sites and employers, the addresses they own, and their calendars."""
