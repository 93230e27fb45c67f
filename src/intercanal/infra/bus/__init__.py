"""Between processes: messages, durable streams and leases, over NATS or in memory."""
