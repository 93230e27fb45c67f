"""The plumbing under every feature: database, live engine, bus, realtime, blobs, supervisor, HTTP."""
