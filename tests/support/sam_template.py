"""Reads a SAM template, and translates it as CloudFormation would.

A template becomes plain dictionaries: with short tags in their long form (`Fn::GetAtt` with its two parts),
with the loops of LanguageExtensions expanded (by cfn-lint), or with the SAM transform applied (by AWS's own
translator). No AWS account is involved.
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


# The translator counts its uses for AWS, and complains at exit that nobody collected the counts.
logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)


class _Loader(yaml.CSafeLoader):
    """YAML with CloudFormation's tags. Dates and other scalars have the types that YAML gives them."""


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
    """Parse a template in YAML or JSON."""
    return yaml.load(text, Loader=_Loader)


def expanded(template: Mapping[str, Any]) -> dict[str, Any]:
    """Expand the loops (`Fn::ForEach`) if the template asks for that; otherwise return a copy.

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
    """Apply the transforms that the template asks for, as CloudFormation does, and return the result.

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
    """Return the template with its code in a bucket, like `sam package`, because SAM translates no local
    code.
    """
    copied = copy.deepcopy(dict(template))
    if copied.get("Globals", {}).get("Function", {}).pop("CodeUri", None) is not None:
        for resource in copied["Resources"].values():
            if isinstance(resource, dict) and resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"].setdefault("CodeUri", code)
    return copied
