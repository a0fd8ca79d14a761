"""Reads SAM templates, and translates them as CloudFormation would.

Templates become plain dictionaries with long function names (`Fn::GetAtt` with its two parts). Loops of
LanguageExtensions are expanded by cfn-lint, and AWS's own translator applies the SAM transform. No AWS
account is needed.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

import boto3
import yaml
from cfnlint.template import Template
from cfnlint.template.transforms._language_extensions import language_extension
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

SAM_TRANSFORM = "AWS::Serverless-2016-10-31"
LANGUAGE_EXTENSIONS = "AWS::LanguageExtensions"
REGION = "us-west-2"


# The translator collects usage metrics for AWS, and logs an error at exit that nobody read them.
logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's tags. Dates and other scalars keep their YAML types."""


def _long_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _long_form)


def load(text: str) -> dict[str, Any]:
    return yaml.load(text, Loader=_Loader)


def expanded(template: Mapping[str, Any]) -> dict[str, Any]:
    """Expand the loops (`Fn::ForEach`) if the template asks for it. Otherwise, return a copy.

    Raises:
        ValueError: A loop cannot be expanded.
    """
    copied = copy.deepcopy(dict(template))
    if LANGUAGE_EXTENSIONS not in _transforms(copied):
        return copied
    errors, written_out = language_extension(Template("template.yaml", copied, [REGION]))
    if errors or written_out is None:
        raise ValueError("; ".join(str(each) for each in errors))
    return written_out


def _transforms(template: Mapping[str, Any]) -> list[str]:
    named = template.get("Transform", [])
    return [named] if isinstance(named, str) else named


def translate(template: Mapping[str, Any], parameters: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Apply the template's transforms as CloudFormation does.

    Raises:
        InvalidDocumentException: SAM refuses the template.
    """
    copied = expanded(template)
    if SAM_TRANSFORM not in _transforms(copied):
        return copied
    session = boto3.Session(region_name=REGION)
    translator = Translator({}, Parser(), boto_session=session)
    return translator.translate(copied, dict(parameters or {}))


def packaged(template: Mapping[str, Any], code: str = "s3://bucket/artifact") -> dict[str, Any]:
    """Return the template with its code in a bucket, as `sam package` does. SAM translates no local code."""
    copied = copy.deepcopy(dict(template))
    if copied.get("Globals", {}).get("Function", {}).pop("CodeUri", None) is not None:
        for resource in copied["Resources"].values():
            if isinstance(resource, dict) and resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"].setdefault("CodeUri", code)
    return copied
