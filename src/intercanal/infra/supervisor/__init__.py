"""Runs PostgreSQL, NATS and our own processes as children: one parent that reaps, restarts and drains them."""
