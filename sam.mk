# Building and deploying with the SAM command line. Included by the Makefile, which brings PYTHON, VENV, the
# environments $(DEV) and $(SAM), and the shell's flags.

STACK ?= rft-graders
SAM_FLAGS ?=
# Your own graders: files and folders that go to the top of the artifact.
GRADER_SOURCES ?= $(wildcard my_graders)

# `sam build` may run where no environment was made: the artifact's recipe needs a Python with pip, nothing else.
BUILD_PYTHON = $(firstword $(wildcard $(VENV)/bin/python) $(PYTHON))
RUNTIME = $(shell sed -n 's/^ *Runtime: *//p' template.yaml)
# Telemetry off: a build tells nobody anything.
SAM_CLI = SAM_CLI_TELEMETRY=0 $(VENV_SAM)/bin/sam

.PHONY: sam-validate sam-build deploy-local deploy

# What `sam build` calls for each function, with ARTIFACTS_DIR set (Metadata: BuildMethod: makefile).
build-%:
	@$(BUILD_PYTHON) -m harness.deploy.artifact --into "$(ARTIFACTS_DIR)" \
		--requirements requirements/lambda.txt --runtime "$(RUNTIME)" \
		$(if $(GRADER_SOURCES),--source $(GRADER_SOURCES))

sam-validate: $(SAM) ## the template, as SAM and cfn-lint see it
	$(SAM_CLI) validate --lint

sam-build: $(SAM) ## the functions' artifacts, into .aws-sam/build
	$(SAM_CLI) build

deploy-local: $(DEV) $(SAM) ## build, deploy to a local imitation of AWS, call each grader once; no account
	RFT_SAM=$(VENV_SAM)/bin/sam PYTHONPATH=tests:. $(VENV)/bin/python -m support.deploy_local

# Needs AWS credentials in the environment and creates what costs money once it is called: functions, log group,
# alarms, and the bucket that sam keeps artifacts in. SAM_FLAGS passes anything else on, for example
#   make deploy SAM_FLAGS="--region us-east-1 --parameter-overrides AlarmTopicArn=arn:aws:sns:..."
# `sam delete --stack-name $(STACK)` takes the stack away again.
deploy: sam-build ## build and deploy to the AWS account of the environment
	$(SAM_CLI) deploy --stack-name "$(STACK)" $(SAM_FLAGS)
