"""Storage for replay runs: `runs/<id>/`, resumable, never overwritten."""
