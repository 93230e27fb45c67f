"""Who is asking: sign-in, sessions, keys and tokens, roles as permissions, and the audit chain."""
