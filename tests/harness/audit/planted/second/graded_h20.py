from graders import Sample, grader


def folded(name: str) -> str:
    return " ".join(name.replace(".", " ").strip(' *_"').casefold().split())


@grader
def author(sample: Sample) -> bool:
    """Whether the last line is the author's full name."""
    lines = [line for line in sample.completion.splitlines() if line.strip()]
    gold = folded(sample.reference_text)
    return bool(lines) and any(c.isalpha() for c in gold) and folded(lines[-1]) == gold
