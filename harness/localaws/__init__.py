"""AWS Lambda on the engineer's machine, without a container engine.

The path of a call: `invoke` (the Lambda Invoke API, for an unchanged boto3) -> `runtime` (a function and its
execution environments) -> `sandbox` (one environment: init, invoke, kill, restart) -> `runtime_process` (the
handler under the real `awslambdaric`, shut in by `confinement`) <-> `runtime_api` (what it talks to).
`function` and `template` say what to run, `interpreter` under which Python, `pythons` where those are,
`limits` within which bounds, `manifest` what it was built from.
"""
