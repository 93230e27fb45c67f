"""HTTP plumbing: who asks, what they may, one door to the unit of work and the live core, and problems as JSON."""
