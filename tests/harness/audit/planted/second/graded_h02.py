from graders import grader
from graders.checks.numbers import boxed_number

solved = grader(boxed_number())
