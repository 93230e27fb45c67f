"""What tenancy decides, without any outside world: opening hours, public holidays, the normal form of addresses."""
