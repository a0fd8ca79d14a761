"""Resource types that moto's CloudFormation lacks or models only in part, although moto has their services.

Importing this module is enough, because moto finds every direct subclass of CloudFormationModel.
"""

from __future__ import annotations

import json
from typing import Any

from moto.cloudwatch.models import Dimension, Metric, MetricDataQuery, MetricStat, cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.iam.models import ManagedPolicy, Role, iam_backends
from moto.logs.models import LogGroup, logs_backends


class DeployedAlarm(CloudFormationModel):
    """AWS::CloudWatch::Alarm, for a metric or for an expression over several metrics."""

    __module__ = "moto.cloudwatch.deployed"

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> DeployedAlarm:
        properties = cloudformation_json["Properties"]
        cloudwatch_backends[account_id][region_name].put_metric_alarm(
            name=resource_name,
            namespace=properties.get("Namespace"),
            metric_name=properties.get("MetricName"),
            comparison_operator=properties["ComparisonOperator"],
            evaluation_periods=properties["EvaluationPeriods"],
            datapoints_to_alarm=properties.get("DatapointsToAlarm"),
            period=properties.get("Period"),
            threshold=properties.get("Threshold"),
            statistic=properties.get("Statistic"),
            description=properties.get("AlarmDescription"),
            dimensions=properties.get("Dimensions", []),
            alarm_actions=properties.get("AlarmActions", []),
            ok_actions=properties.get("OKActions", []),
            unit=properties.get("Unit"),
            treat_missing_data=properties.get("TreatMissingData"),
            metric_data_queries=[_query(each) for each in properties.get("Metrics", [])] or None,
        )
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: DeployedAlarm,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> DeployedAlarm:
        name = original_resource.physical_resource_id
        return cls.create_from_cloudformation_json(name, cloudformation_json, account_id, region_name)

    def delete(self, account_id: str, region: str) -> None:
        cloudwatch_backends[account_id][region].delete_alarms([self.physical_resource_id])


def _query(given: dict[str, Any]) -> MetricDataQuery:
    # moto's types do not allow None, but its code does.
    label: Any = given.get("Label")
    period: Any = given.get("Period")
    stat = None
    if "MetricStat" in given:
        measured = given["MetricStat"]
        dimensions = [Dimension(each["Name"], each["Value"]) for each in measured["Metric"]["Dimensions"]]
        metric = Metric(measured["Metric"]["MetricName"], measured["Metric"]["Namespace"], dimensions)
        stat = MetricStat(metric, measured["Period"], measured["Stat"], measured.get("Unit"))
    return MetricDataQuery(
        given["Id"],
        label,
        period,
        given.get("ReturnData", True),
        expression=given.get("Expression"),
        metric_stat=stat,
    )


class UnreadBucketPolicy(CloudFormationModel):
    """AWS::S3::BucketPolicy, which `sam` gives its own bucket. Nothing evaluates it."""

    __module__ = "moto.s3.deployed"
    physical_resource_id = "bucket-policy"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::S3::BucketPolicy"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> UnreadBucketPolicy:
        return cls()


class DeployedLogGroup(LogGroup, CloudFormationModel):
    """AWS::Logs::LogGroup. Its `Arn` ends with `:*`, as in CloudFormation, and its retention can change."""

    __module__ = "moto.logs.deployed"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> LogGroup:
        properties = cloudformation_json.get("Properties", {})
        group = cls(account_id, region_name, resource_name, **properties)
        group.kms_key_id = properties.get("KmsKeyId")
        logs_backends[account_id][region_name].groups[resource_name] = group
        return group

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: LogGroup,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> LogGroup:
        properties = cloudformation_json.get("Properties", {})
        original_resource.retention_in_days = properties.get("RetentionInDays")
        original_resource.kms_key_id = properties.get("KmsKeyId")
        return original_resource

    def get_cfn_attribute(self, attribute_name: str) -> str:
        return f"{super().get_cfn_attribute(attribute_name)}:*"


class DeployedPolicy(ManagedPolicy, CloudFormationModel):
    """AWS::IAM::ManagedPolicy without statements whose condition is false. It can be updated."""

    __module__ = "moto.iam.deployed"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> ManagedPolicy:
        _without_no_value(cloudformation_json["Properties"])
        return super().create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: ManagedPolicy,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> ManagedPolicy:
        document = _without_no_value(cloudformation_json["Properties"])
        backend = iam_backends[account_id][original_resource.partition]
        backend.create_policy_version(original_resource.arn, json.dumps(document), "true")
        return original_resource


def _without_no_value(properties: dict[str, Any]) -> Any:
    document = properties["PolicyDocument"]
    document["Statement"] = [each for each in document["Statement"] if each is not None]
    return document


class DeployedRole(Role, CloudFormationModel):
    """AWS::IAM::Role with its managed and inline policies. Both can be updated.

    Inline policies are stored as JSON, the form of IAM's answers.
    """

    __module__ = "moto.iam.deployed"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Role:
        _without_no_policy(cloudformation_json["Properties"])
        role = super().create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        return _with_policies(role, cloudformation_json["Properties"], account_id)

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Role,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Role:
        _without_no_policy(cloudformation_json["Properties"])
        role = super().update_from_cloudformation_json(
            original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        return _with_policies(role, cloudformation_json["Properties"], account_id)

    @classmethod
    def delete_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str
    ) -> None:
        backend = iam_backends[account_id]["aws"]
        for arn in list(backend.get_role(resource_name).managed_policies):
            backend.detach_role_policy(arn, resource_name)
        super().delete_from_cloudformation_json(resource_name, cloudformation_json, account_id, region_name)


def _without_no_policy(properties: dict[str, Any]) -> None:
    properties["Policies"] = [each for each in properties.get("Policies", []) if each is not None]
    for each in properties["Policies"]:
        _without_no_value(each)


def _with_policies(role: Role, properties: dict[str, Any], account_id: str) -> Role:
    backend = iam_backends[account_id][role.partition]
    for arn in properties.get("ManagedPolicyArns", []):
        if ":iam::aws:" not in arn:  # moto would load all of AWS's managed policies
            backend.attach_role_policy(arn, role.name)
    for name in list(role.policies):
        role.delete_policy(name)
    for policy in properties.get("Policies", []):
        role.put_policy(policy["PolicyName"], json.dumps(policy["PolicyDocument"]))
    return role
