"""Targets, which grade samples in this process, in a local Lambda runtime or in a deployed function."""
