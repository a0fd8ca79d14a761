"""Replays on more than one machine: cuts data in S3 into shards, which workers grade into immutable parts.

A worker may be a Lambda function, a task on a cluster or a thread: all of them call `part.grade_part`.
A run is complete when all of its parts exist.
"""
