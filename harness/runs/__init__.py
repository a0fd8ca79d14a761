"""Where replay runs are kept: `runs/<id>/`, resumable, never overwritten."""
