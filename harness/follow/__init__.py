"""Following a job: its events, the curves folded from them, warnings, and the watch until it ends."""
