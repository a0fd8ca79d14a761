"""The engineer's side of `rft-graders`: data, replay, signal, deployment and jobs, used by the `rft` command.

A grader in Lambda needs only the `graders` package.
"""
