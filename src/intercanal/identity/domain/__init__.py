"""Pure decisions of identity: token format, password strength, roles, limits and the audit chain."""
