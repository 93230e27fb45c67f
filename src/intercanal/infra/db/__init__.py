"""The database: tables, roles, the unit of work and what it leaves behind for the doors."""
