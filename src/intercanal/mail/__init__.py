"""Mail: taken in by SMTP, kept in its thread, answered through a relay, with nothing lost."""
