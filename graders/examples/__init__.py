"""Small graders that `template.yaml` deploys. Copy one to start your own."""
