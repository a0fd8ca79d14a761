"""What is done with fine-tuning jobs: submit, follow, ask. The emulator is only ever a separate process."""
