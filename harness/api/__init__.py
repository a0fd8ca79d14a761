"""The fine-tuning API: its objects, the client, sign-in, and requests as `curl` commands."""
