"""Replay beyond one machine: shards of data in S3, graded by workers that write immutable parts.

A worker may be a Lambda function, a task on a cluster or a thread: all of them call `part.grade_part`.
Whether a run is complete is decided from its parts alone.
"""
