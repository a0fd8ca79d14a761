"""Small graders that `template.yaml` deploys; copy one as a starting point for your own."""
