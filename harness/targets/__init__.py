"""Targets that grade samples: in process, a local Lambda runtime, a deployed function; one protocol."""
