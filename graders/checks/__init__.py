"""Ready scoring functions, one module per family.

Every factory takes options, raises `DecorationError` if one is invalid, and returns a scoring function of one
`Sample`: pass it to `grader`, or call it in your own scoring function.

    math_answer = grader(number(marker="####"))

A record without the reference that a check needs is a `RecordError`, and an empty completion never earns
anything. Import from the modules: only what you use is loaded.
"""
