"""Real GRPO of a small transformer, with the graders that the rehearsal is given."""
