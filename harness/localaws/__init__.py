"""Runs AWS Lambda functions on the engineer's machine, without a container engine.

The modules of a call: `invoke` (the Lambda Invoke API, for an unchanged boto3) -> `runtime` (a function
and its execution environments) -> `sandbox` (one environment: init, invoke, kill, restart) ->
`runtime_process` (the handler under the real `awslambdaric`, confined by `confinement`) <-> `runtime_api`
(the server for `awslambdaric`).
`function` and `template` describe the function, `interpreter` chooses its Python, `pythons` finds Pythons,
`limits` has Lambda's limits, and `manifest` records the sources of an artifact.
"""
