"""Reports about a run for people: data is gathered first and rendered second."""
