"""The engineer's side of `rft-graders`: data, replay, signal, deployment and jobs, used by the `rft` command.

None of this is deployed to Lambda; only the `graders` package is.
"""
