"""The outside world of mail: SMTP in both directions, and the queue of answers."""
