# Building and deploying with the SAM command line. Included by the Makefile, which brings PYTHON, VENV, the
# environments $(DEV) and $(SAM), and the shell's flags.

STACK ?= rft-graders
SAM_FLAGS ?=
# What several of your graders share: files and folders that go to the top of each artifact. A grader's own folder
# or module goes in by itself, with the packages of the requirements.txt beside it.
GRADER_SOURCES ?=
# The template that `sam` builds, and the values that replace its parameters' defaults: sam tells make of neither.
RFT_TEMPLATE ?= template.yaml
RFT_PARAMETERS ?=

# `sam build` may run where no environment was made: the artifact's recipe needs a Python with pip, nothing else.
BUILD_PYTHON = $(firstword $(wildcard $(VENV)/bin/python) $(PYTHON))
RECIPE = $(BUILD_PYTHON) -m harness.deploy.artifact --template "$(RFT_TEMPLATE)" --function "$*" \
	--requirements requirements/lambda.txt $(if $(RFT_PARAMETERS),--parameters $(RFT_PARAMETERS)) \
	$(if $(GRADER_SOURCES),--source $(GRADER_SOURCES))
# Telemetry off: a build tells nobody anything.
SAM_CLI = SAM_CLI_TELEMETRY=0 $(VENV_SAM)/bin/sam

.PHONY: sam-validate sam-build deploy-local deploy

# What `sam build` calls for each function, with ARTIFACTS_DIR set (Metadata: BuildMethod: makefile).
build-%:
	@$(RECIPE) --into "$(ARTIFACTS_DIR)"

# What `sam build` makes the image of a function with PackageType: Image from. Before it, since it calls no make then.
image-%:
	@rm -rf ".aws-sam/images/$*"
	@$(RECIPE) --into ".aws-sam/images/$*"

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
