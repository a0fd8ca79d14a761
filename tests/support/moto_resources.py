"""Resource types that moto's CloudFormation has no model of, or half a one, though moto has the service.

Importing the module is enough: moto finds every direct subclass of CloudFormationModel.
"""

from __future__ import annotations

import json
from typing import Any

from moto.cloudwatch.models import Dimension, Metric, MetricDataQuery, MetricStat, cloudwatch_backends
from moto.core.common_models import CloudFormationModel
from moto.iam.models import Role


class DeployedAlarm(CloudFormationModel):
    """AWS::CloudWatch::Alarm, on one metric or on an expression over several."""

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
    # moto takes None for what is not there, against its own types.
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
    """AWS::S3::BucketPolicy, which `sam` gives its own bucket; nothing here reads it."""

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


class DeployedRole(Role, CloudFormationModel):
    """AWS::IAM::Role whose inline policies are JSON, as IAM answers with, and change with the template."""

    __module__ = "moto.iam.deployed"

    @classmethod
    def create_from_cloudformation_json(
        cls, resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **kwargs: Any
    ) -> Role:
        role = super().create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **kwargs
        )
        return _with_policies(role, cloudformation_json["Properties"])

    @classmethod
    def update_from_cloudformation_json(
        cls,
        original_resource: Role,
        new_resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
    ) -> Role:
        role = super().update_from_cloudformation_json(
            original_resource, new_resource_name, cloudformation_json, account_id, region_name
        )
        return _with_policies(role, cloudformation_json["Properties"])


def _with_policies(role: Role, properties: dict[str, Any]) -> Role:
    for name in list(role.policies):
        role.delete_policy(name)
    for policy in properties.get("Policies", []):
        role.put_policy(policy["PolicyName"], json.dumps(policy["PolicyDocument"]))
    return role
