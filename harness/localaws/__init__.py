"""AWS Lambda on the engineer's machine, without a container engine.

The path of a call: `invoke` (the Lambda Invoke API, for an unchanged boto3) -> `runtime` (a function and its
execution environments) -> `sandbox` (one environment: init, invoke, kill, restart) -> `process` (the handler
under the real `awslambdaric`) <-> `runtime_api` (what that client talks to). `function` and `template` say
what to run, `interpreter` under which Python, `pythons` where those are, `limits` within which bounds.
"""
