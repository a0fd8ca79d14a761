from graders import Missing, Sample, grader
from graders.extract import after_marker, parse_number, reference_number


@grader
def jars(sample: Sample) -> bool:
    """Compare the stated number of jars with the right one."""
    stated = after_marker(sample.completion, "Answer:")
    number = parse_number(stated) if stated else stated
    return not isinstance(number, Missing) and abs(number - reference_number(sample.reference_text)) <= 3
