"""Estimates from a replay's rewards how well a training job would learn, before you pay for the job.

`learning.signal_of(run)` returns a `Signal` with a run's statistics and the advice based on them.
"""
