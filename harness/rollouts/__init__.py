"""Gets rollouts (records with one completion each) from a file, a model, or the records themselves."""
