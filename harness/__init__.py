"""The engineer's side of `rft-graders`: data, replay, signal, deployment and jobs behind the command `rft`.

Nothing here is shipped to Lambda; that half is the package `graders`.
"""
