"""What a job's rewards lead to, judged on records that training left out: figures, warnings and verdicts."""
