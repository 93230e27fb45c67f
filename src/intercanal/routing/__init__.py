"""Queues, circles, offers and overflow: who is shown which work, and why."""
