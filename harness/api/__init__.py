"""The fine-tuning API: object types, a client, authentication, and requests shown as `curl` commands."""
