"""Follows a job until it ends and reports its events, the curves computed from them, and warnings."""
