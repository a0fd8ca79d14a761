"""Reports about a run for people. The data is gathered first and then rendered."""
