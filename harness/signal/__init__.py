"""What a training job would learn from the rewards of a replay, before it is paid for.

`learning.signal_of(run)` returns a `Signal`: the statistics of one run, and its `verdict`.
"""
