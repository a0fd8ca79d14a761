from graders import grader
from graders.checks.json_fields import json_fields

mail = grader(json_fields(fields={"priority": "exact", "product": "exact", "refund": "exact"}))
