"""Robots that use the product as people do: over HTTP, WebSocket and SMTP, from a process of their own.

They keep a diary of what the product acknowledged to them, which is compared with its database afterwards.
"""
