"""Real GRPO of a small transformer, with the same graders as the rehearsal."""
