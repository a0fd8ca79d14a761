"""Submits fine-tuning jobs. The emulator is always a separate process."""
