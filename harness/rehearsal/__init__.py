"""Rehearsal: runs a training job on the simulator in this process, and interprets its figures."""
