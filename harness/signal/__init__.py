"""Estimates from a replay's rewards how well a training job would learn, before the job is paid for.

`learning.signal_of(run)` returns a `Signal` with a run's statistics and the advice based on them.
"""
