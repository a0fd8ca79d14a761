"""Provides what the `rft` command needs besides graders: data, replay, signal, deployment and jobs.

A grader in Lambda needs only the package `graders`.
"""
