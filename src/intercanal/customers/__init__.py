"""Customers: who they are, by which addresses they are recognised, and when two turn out to be one."""
