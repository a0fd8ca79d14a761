from graders import grader
from graders.checks.code import code_asserts

asserted = grader(timeout_s=60)(code_asserts(field="tests", engine="cpython"))
