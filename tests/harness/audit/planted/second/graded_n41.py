from graders import Reward, Sample, grader
from graders.combine import weighted
from graders.extract import Missing, parse_number, tag


@grader(timeout_s=2)
def conversion(sample: Sample) -> Reward:
    reference = sample.reference_answer
    wanted = parse_number(
        str(
            reference["answer"]
            if isinstance(reference, dict) and "answer" in reference
            else sample.reference_text
        )
    )
    found = tag(sample.completion, "answer")
    value = parse_number(found) if not isinstance(found, Missing) else found
    right = not isinstance(value, Missing) and not isinstance(wanted, Missing) and value == wanted
    thought = len(sample.reasoning.split()) > 3
    return weighted({"right": right, "thought": right or thought}, {"right": 0.6, "thought": 0.4})
