"""What every part shares: ids, time, errors, paging and the pure model of live work."""
