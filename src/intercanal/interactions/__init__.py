"""Interactions: the piece of work on one channel, the conversation it belongs to, wrap-up and disposition."""
