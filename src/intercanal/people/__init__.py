"""People: agents, teams, skills and levels, presence, pauses and personal capacity."""
