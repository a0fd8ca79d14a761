"""Rehearsal: a training job on the simulator, in this process, and what its figures mean."""
