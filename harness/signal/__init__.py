"""What a training job would learn from the rewards of a replay, before it is paid for."""
