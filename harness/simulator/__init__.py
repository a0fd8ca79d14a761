"""The learner of a rehearsal: a policy over recorded completions, updated by their rewards."""
