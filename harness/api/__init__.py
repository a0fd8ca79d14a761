"""The fine-tuning API: its words, the client, sign-in and the equivalent HTTP requests."""
