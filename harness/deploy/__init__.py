"""From a grader on this machine to a published Lambda version: the artifact, checks before and after."""
