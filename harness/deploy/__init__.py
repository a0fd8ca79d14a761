"""Builds a grader into a Lambda artifact and checks it before and after deployment."""
