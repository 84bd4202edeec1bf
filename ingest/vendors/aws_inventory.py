"""What runs in AWS: EC2 instances, RDS instances and CloudFront distributions as components.

EC2: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html,
RDS: https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBInstances.html,
CloudFront: https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ListDistributions.html.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from aurora.contracts import Row
from ingest.connector import Json, Run
from ingest.vendors.aws import Aws
from ingest.vendors.cloud import tag_fields
from ingest.vendors.cloudwatch import GLOBAL, Subject

GIB, MIB = 2**30, 2**20
LIFECYCLES = {
    **dict.fromkeys(("pending", "running", "shutting-down", "stopping"), "running"),
    **dict.fromkeys(("stopped",), "stopped"),
    **dict.fromkeys(("terminated",), "terminated"),
}
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html
DB_STATUSES = {
    **dict.fromkeys(
        (
            *("available", "backing-up", "configuring-enhanced-monitoring", "configuring-log-exports"),
            *("configuring-iam-database-auth", "converting-to-vpc", "moving-to-vpc", "modifying"),
            *("resetting-master-credentials", "storage-config-upgrade", "storage-initialization"),
            *("storage-optimization", "delete-precheck", "update-iam-db-auth"),
        ),
        "healthy",
    ),
    **dict.fromkeys(
        ("creating", "deleting", "maintenance", "rebooting", "renaming", "starting", "stopping", "upgrading"),
        "maintenance",
    ),
    **dict.fromkeys(("inaccessible-encryption-credentials-recoverable", "incompatible-parameters"), "degraded"),
    **dict.fromkeys(
        (
            *("failed", "storage-full", "restore-error", "insufficient-capacity", "incompatible-create"),
            *("incompatible-network", "incompatible-option-group", "incompatible-restore"),
            "inaccessible-encryption-credentials",
        ),
        "down",
    ),
}
Sizes = dict[str, tuple[int, int]]


def subjects(aws: Aws) -> Iterator[Subject]:
    """Every component of the services and regions that the options name. Raises SourceError."""
    told = aws.run.options
    for region in told.regions:
        servers = list(instances(aws, region)) if "ec2" in told.services else []
        databases = list(db_instances(aws, region)) if "rds" in told.services else []
        # A database class is an instance type with "db." before it, of the same size.
        types = {one["InstanceType"] for one in servers} | {_bare(one["DBInstanceClass"]) for one in databases}
        sizes = sizes_of(aws, region, types)
        yield from (ec2_subject(aws.run, region, one, sizes) for one in servers)
        yield from (rds_subject(aws.run, region, one, sizes) for one in databases)
    if "cloudfront" in told.services:
        yield from (cloudfront_subject(aws.run, one) for one in distributions(aws))


def instances(aws: Aws, region: str) -> Iterator[Json]:
    """EC2 instances that carry the tags of the options, each with its account."""
    for page in aws.pages("ec2", region, "describe_instances"):
        for reservation in page["Reservations"]:
            for one in reservation["Instances"]:
                if carries(aws.run.options.tags, tags_of(one.get("Tags"))):
                    yield one | {"OwnerId": reservation.get("OwnerId")}


def db_instances(aws: Aws, region: str) -> Iterator[Json]:
    """RDS instances that carry the tags of the options."""
    for page in aws.pages("rds", region, "describe_db_instances"):
        for one in page["DBInstances"]:
            if carries(aws.run.options.tags, tags_of(one.get("TagList"))):
                yield one


def distributions(aws: Aws) -> Iterator[Json]:
    """CloudFront distributions; their tags are not in the list, so all of them."""
    for page in aws.pages("cloudfront", GLOBAL, "list_distributions"):
        yield from page["DistributionList"].get("Items", [])


def sizes_of(aws: Aws, region: str, types: Iterable[str]) -> Sizes:
    """(virtual CPUs, bytes of memory) by instance type; a type that EC2 does not know is absent."""
    wanted, found = sorted(types), {}
    for start in range(0, len(wanted), 100):
        only = [{"Name": "instance-type", "Values": wanted[start : start + 100]}]
        for page in aws.pages("ec2", region, "describe_instance_types", Filters=only):
            for one in page["InstanceTypes"]:
                size = one["VCpuInfo"]["DefaultVCpus"], one["MemoryInfo"]["SizeInMiB"] * MIB
                found[one["InstanceType"]] = size
    return found


def ec2_subject(run: Run[Any], region: str, one: Json, sizes: Sizes) -> Subject:
    """A virtual machine; its id survives a change of its Name tag."""
    native, tags, state = one["InstanceId"], tags_of(one.get("Tags")), one["State"]["Name"]
    account, zone = one.get("OwnerId"), one.get("Placement", {}).get("AvailabilityZone")
    row = _row(run, native, tags.get("Name") or native, region, tags) | {
        "type": "server",
        "type_raw": "ec2",
        "kind": "vm",
        "account_id": account,
        "zone": zone,
        "cloud_resource_id": f"arn:{_partition(region)}:ec2:{region}:{account}:instance/{native}" if account else None,
        "host_name": one.get("PrivateDnsName") or None,
        "lifecycle": run.word(LIFECYCLES, state),
        "lifecycle_raw": state,
        **_size(one["InstanceType"], one["InstanceType"], sizes),
    }
    return Subject("ec2", region, row, (("InstanceId", native),))


def rds_subject(run: Run[Any], region: str, one: Json, sizes: Sizes) -> Subject:
    """A database instance; CloudWatch knows it by its name, the component by the id that survives renames."""
    name, native, arn = one["DBInstanceIdentifier"], one["DbiResourceId"], one["DBInstanceArn"]
    engine, state, given = one.get("Engine"), one.get("DBInstanceStatus"), one.get("AllocatedStorage")
    has_disk = given and not str(engine).startswith("aurora")  # Aurora's storage grows and states 1
    row = _row(run, native, name, region, tags_of(one.get("TagList"))) | {
        "type": "database",
        "type_raw": "rds",
        "kind": "db_instance",
        "account_id": arn.split(":")[4],
        "zone": one.get("AvailabilityZone"),
        "cloud_resource_id": arn,
        "host_name": one.get("Endpoint", {}).get("Address"),
        "db_system": engine,
        "disk_bytes": given * GIB if has_disk else None,
        "lifecycle": "stopped" if state in ("stopped", "inaccessible-encryption-credentials") else "running",
        "lifecycle_raw": state,
        "created_at": one.get("InstanceCreateTime"),
        **_size(one["DBInstanceClass"], _bare(one["DBInstanceClass"]), sizes),
    }
    return Subject("rds", region, row, (("DBInstanceIdentifier", name),), state)


def cloudfront_subject(run: Run[Any], one: Json) -> Subject:
    """A distribution, named by its first alias."""
    native, names = one["Id"], one.get("Aliases", {}).get("Items") or [one["DomainName"]]
    row = _row(run, native, names[0], None, {}) | {
        "type": "cdn",
        "type_raw": "cloudfront",
        "kind": "cdn",
        "account_id": one["ARN"].split(":")[4] or None,
        "cloud_resource_id": one["ARN"],
        "host_name": one["DomainName"],
        "lifecycle": "running" if one["Enabled"] else "stopped",
        "lifecycle_raw": one.get("Status"),
    }
    return Subject("cloudfront", GLOBAL, row, (("DistributionId", native), ("Region", "Global")))


def _row(run: Run[Any], native: str, name: str, region: str | None, tags: dict[str, str]) -> Row:
    return {
        "component_id": run.id(native),
        "name": name,
        "provider": "aws",
        "region": region,
        "first_seen_at": run.now,
        "last_seen_at": run.now,
        **tag_fields(run, tags),
    }


def _size(stated: str, known_as: str, sizes: Sizes) -> Row:
    cpus, memory = sizes.get(known_as, (None, None))
    return {"instance_type": stated, "cpu_count": cpus, "memory_bytes": memory}


def tags_of(listed: list[dict[str, str]] | None) -> dict[str, str]:
    """Tags as a mapping."""
    return {one["Key"]: one.get("Value", "") for one in listed or []}


def carries(wanted: dict[str, str], tags: dict[str, str]) -> bool:
    """Whether all wanted tags are there with their values."""
    return wanted.items() <= tags.items()


def _bare(db_class: str) -> str:
    return db_class.removeprefix("db.")


def _partition(region: str) -> str:
    return "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
