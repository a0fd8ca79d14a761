"""Small graders that `template.yaml` deploys, and that one's own may start from."""
