"""Rehearses a training job on the simulator in this process, and interprets the resulting figures."""
