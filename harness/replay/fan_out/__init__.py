"""Replays rollouts in S3 with many workers, which grade shards and store the rows as immutable parts.

A worker may be a Lambda function, a task on a cluster or a thread. Every worker calls `part.grade_part`. A
run is complete when all of its parts exist.
"""
