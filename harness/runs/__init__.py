"""Stores replay runs in `runs/<id>/`. Runs can be resumed, and are never overwritten."""
