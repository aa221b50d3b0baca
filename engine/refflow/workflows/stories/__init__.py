"""Stories: workflows looked at, compared, and played ahead in a world in memory."""
