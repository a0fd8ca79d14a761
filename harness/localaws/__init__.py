"""Runs AWS Lambda functions on the engineer's machine, without a container engine.

A call passes through these modules: `invoke` (the Lambda Invoke API, for an unchanged boto3) -> `runtime` (a
function and its execution environments) -> `sandbox` (one environment: init, invoke, kill, restart) ->
`runtime_process` (the handler under the real `awslambdaric`, confined by `confinement`) <-> `runtime_api`
(the server for `awslambdaric`).
"""
