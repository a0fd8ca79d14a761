"""Where replay sends samples: in process, a local Lambda runtime, a deployed function; one protocol."""
