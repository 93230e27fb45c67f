"""Settings of tenants: declared by features, changed with author, date and reason, read as effective values."""
