# Builds and deploys with the SAM command line. The Makefile includes this file, and defines PYTHON, VENV, the
# environments $(DEV) and $(SAM), and the shell's flags.

STACK ?= rft-graders
SAM_FLAGS ?=
# Files and folders that several of your graders share; they go to the top of each artifact. A grader's own folder or
# module is added automatically, with the packages of the requirements.txt next to it.
GRADER_SOURCES ?=
# The template that `sam` builds, and values that replace its parameters' defaults; sam passes neither on to make.
RFT_TEMPLATE ?= template.yaml
RFT_PARAMETERS ?=

# `sam build` may run without any environment: the artifact's recipe needs only a Python with pip.
BUILD_PYTHON = $(firstword $(wildcard $(VENV)/bin/python) $(PYTHON))
RECIPE = $(BUILD_PYTHON) -m harness.deploy.artifact --template "$(RFT_TEMPLATE)" --function "$*" \
	--requirements requirements/lambda.txt $(if $(RFT_PARAMETERS),--parameters $(RFT_PARAMETERS)) \
	$(if $(GRADER_SOURCES),--source $(GRADER_SOURCES))
# No telemetry: a build sends no data.
SAM_CLI = SAM_CLI_TELEMETRY=0 $(VENV_SAM)/bin/sam

.PHONY: sam-validate sam-build deploy-local deploy

# `sam build` calls this for each function, with ARTIFACTS_DIR set (Metadata: BuildMethod: makefile).
build-%:
	@$(RECIPE) --into "$(ARTIFACTS_DIR)"

# Writes the files for the image of a function with PackageType: Image. Run it before `sam build`, which does not call
# make for an image.
image-%:
	@rm -rf ".aws-sam/images/$*"
	@$(RECIPE) --into ".aws-sam/images/$*"

sam-validate: $(SAM) ## validate the template with SAM and cfn-lint
	$(SAM_CLI) validate --lint

sam-build: $(SAM) ## build the functions' artifacts into .aws-sam/build
	$(SAM_CLI) build

deploy-local: $(DEV) $(SAM) ## build, deploy to a local emulation of AWS, call each grader once; needs no account
	RFT_SAM=$(VENV_SAM)/bin/sam PYTHONPATH=tests:. $(VENV)/bin/python -m support.deploy_local

# Needs AWS credentials in the environment and creates resources that may cost money: functions, a log group, alarms,
# and the bucket that sam stores artifacts in. SAM_FLAGS passes on other options, for example
#   make deploy SAM_FLAGS="--region us-east-1 --parameter-overrides AlarmTopicArn=arn:aws:sns:..."
# `sam delete --stack-name $(STACK)` deletes the stack again.
deploy: sam-build ## build and deploy to the AWS account of the environment
	$(SAM_CLI) deploy --stack-name "$(STACK)" $(SAM_FLAGS)
