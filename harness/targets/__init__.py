"""Targets that grade samples in process, in a local Lambda runtime or in a deployed function."""
