"""Follows a job until it ends: its events, the curves computed from them, and warnings."""
