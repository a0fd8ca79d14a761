"""Predicts from a replay's rewards what a training job would learn, before you pay for it.

`learning.signal_of(run)` returns a `Signal`: the statistics of one run, and its `verdict`.
"""
