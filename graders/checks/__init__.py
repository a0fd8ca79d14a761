"""Ready scoring functions, one module per family.

Every factory takes options, raises `DecorationError` if an option is invalid, and returns a scoring function,
which takes one `Sample`: pass the function to `grader`, or call it in your own scoring function.

    math_answer = grader(number(marker="####"))

A record that lacks the reference that a check needs is a `RecordError`, and an empty completion never earns
anything. Import checks from the modules, so that only what you use is loaded.
"""
