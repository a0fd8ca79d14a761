"""The learner of a rehearsal: a policy over recorded completions, moved by the rewards they get."""
