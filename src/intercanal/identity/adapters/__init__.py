"""The outside world of identity: Argon2 in threads, the signing key and the heads in files."""
