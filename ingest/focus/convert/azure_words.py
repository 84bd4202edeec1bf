"""Names of Azure's services, regions and units, as the provider's own FOCUS export writes them."""

import polars as pl

from ingest.focus.convert.columns import by_distinct
from ingest.focus.convert.services import OTHER

# category -> service -> types of resources (or the namespace alone), in lower case and without "microsoft."
_SERVICES: dict[str, dict[str, str]] = {
    "AI and Machine Learning": {
        "Azure AI Services": "cognitiveservices/accounts",
        "Azure Machine Learning": "machinelearningservices/workspaces machinelearningservices/registries",
        "Azure AI Bot Service": "botservice/botservices",
    },
    "Analytics": {
        "Azure Databricks": "databricks/workspaces",
        "Azure Data Explorer": "kusto/clusters",
        "Azure Stream Analytics": "streamanalytics/streamingjobs streamanalytics/clusters",
        "Azure Synapse Analytics": "synapse/workspaces synapse/workspaces/sqlpools synapse/workspaces/bigdatapools",
        "Azure AI Search": "search/searchservices",
        "HDInsight": "hdinsight/clusters",
        "Azure Analysis Services": "analysisservices/servers",
        "Azure Managed Grafana": "dashboard/grafana",
    },
    "Compute": {
        "Virtual Machines": "compute/virtualmachines compute/disks compute/snapshots compute/images compute/galleries",
        "Virtual Machine Scale Sets": "compute/virtualmachinescalesets",
        "Azure Kubernetes Service": "containerservice/managedclusters",
        "Azure Container Apps": "app/containerapps app/jobs app/managedenvironments",
        "Azure Container Instances": "containerinstance/containergroups",
        "Azure Container Registry": "containerregistry/registries",
        "Batch": "batch/batchaccounts",
        "Azure Virtual Desktop": "desktopvirtualization/hostpools",
    },
    "Databases": {
        "Azure SQL Database": """sql/servers sql/servers/databases sql/servers/elasticpools sql/managedinstances
            sql/instancepools""",
        "Azure DB for PostgreSQL": "dbforpostgresql/flexibleservers dbforpostgresql/servers",
        "Azure DB for MySQL": "dbformysql/flexibleservers dbformysql/servers",
        "Azure Cache for Redis": "cache/redis cache/redisenterprise",
        "Cosmos DB": "documentdb/databaseaccounts documentdb/mongoclusters",
    },
    "Integration": {
        "API Management": "apimanagement/service",
        "Azure Data Factory": "datafactory/factories datafactory/datafactories",
        "Event Grid": "eventgrid/topics eventgrid/systemtopics eventgrid/domains eventgrid/namespaces",
        "Event Hubs": "eventhub/namespaces eventhub/clusters",
        "Service Bus": "servicebus/namespaces",
        "Logic Apps": "logic/workflows logic/integrationaccounts",
        "Azure Automation": "automation/automationaccounts",
        "Notification Hubs": "notificationhubs/namespaces",
        "Azure Communication Services": "communication/communicationservices",
    },
    "Internet of Things": {"Azure IoT Hub": "devices/iothubs devices/provisioningservices"},
    "Management and Governance": {
        "Azure Monitor": """insights/components insights/metricalerts insights/scheduledqueryrules insights/actiongroups
            operationalinsights/workspaces monitor/accounts""",
        "Azure Reservations": "capacity/reservationorders capacity/reservationorders/reservations",
        "Azure Site Recovery": "recoveryservices/vaults",
        "Microsoft Purview": "purview/accounts",
    },
    "Networking": {
        "Virtual Network": """network/virtualnetworks network/publicipaddresses network/networkinterfaces
            network/virtualnetworkgateways network/networksecuritygroups network/connections""",
        "Load Balancer": "network/loadbalancers",
        "Application Gateway": "network/applicationgateways",
        "Azure Front Door": "network/frontdoors",
        "Azure Firewall": "network/azurefirewalls",
        "Azure Bastion": "network/bastionhosts",
        "Azure NAT Gateway": "network/natgateways",
        "Azure DNS": "network/dnszones network/dnsresolvers",
        "Azure Private Link": "network/privateendpoints network/privatednszones",
        "Azure ExpressRoute": "network/expressroutecircuits",
        "Network Watcher": "network/networkwatchers",
        "Traffic Manager": "network/trafficmanagerprofiles",
        "Content Delivery Network": "cdn/profiles",
    },
    "Security": {
        "Key Vault": "keyvault/vaults keyvault/managedhsms",
        "Microsoft Defender for Cloud": "security/pricings",
    },
    "Storage": {
        "Storage Accounts": "storage/storageaccounts",
        "Azure Backup": "dataprotection/backupvaults",
        "Azure NetApp Files": "netapp/netappaccounts netapp/netappaccounts/capacitypools",
    },
    "Web": {
        "Azure App Service": "web/sites web/sites/slots web/serverfarms web/staticsites web/hostingenvironments",
        "Azure SignalR Service": "signalrservice/signalr signalrservice/webpubsub",
        "Azure Maps": "maps/accounts",
    },
}
TYPES = {
    f"microsoft.{word}": (service, category)
    for category, services in _SERVICES.items()
    for service, words in services.items()
    for word in words.split()
}
# A namespace alone is of the category of its first type: Compute of microsoft.compute.
NAMESPACES: dict[str, str] = {}
for _type, (_, _category) in TYPES.items():
    NAMESPACES.setdefault(_type.split("/")[0], _category)

_REGIONS = """East US,East US 2,East US 3,West US,West US 2,West US 3,Central US,North Central US,South Central US,
West Central US,Canada Central,Canada East,Brazil South,Brazil Southeast,Mexico Central,Chile Central,North Europe,
West Europe,UK South,UK West,France Central,France South,Germany West Central,Germany North,Switzerland North,
Switzerland West,Norway East,Norway West,Sweden Central,Sweden South,Poland Central,Italy North,Spain Central,
Austria East,Belgium Central,Denmark East,Finland Central,Greece Central,UAE North,UAE Central,Qatar Central,
Israel Central,South Africa North,South Africa West,East Asia,Southeast Asia,Japan East,Japan West,Korea Central,
Korea South,Central India,South India,West India,Australia East,Australia Southeast,Australia Central,
Australia Central 2,New Zealand North,Indonesia Central,Malaysia West,China East,China East 2,China North,China North 2,
China North 3,USGov Virginia,USGov Arizona,USGov Texas,Global"""
REGIONS = {name.lower().replace(" ", ""): name for name in _REGIONS.replace("\n", "").split(",")}
# The other way round, as meters and invoices say it: US East 2, EU West, JA East.
_SHORT = """US us,Europe eu,Asia ap,UK uk,India in,Japan ja,Australia au,Canada ca,Brazil br,Korea kr,France fr,
Germany de,Switzerland ch,Norway no,Sweden se,Poland pl,Italy it,Spain es,Austria at,Belgium be,Denmark dk,Finland fi,
Greece gr,UAE ae,Qatar qa,Israel il,Mexico mx,Chile cl,New Zealand nz,South Africa za,Indonesia id,Malaysia my,
China cn,USGov usgov"""
SHORT = dict(one.strip().rsplit(" ", 1) for one in _SHORT.split(","))


def _turned() -> dict[str, str]:
    found: dict[str, str] = {}
    for region, name in REGIONS.items():
        for country, short in SHORT.items():
            if country in name.split(" ") or name.startswith(f"{country} "):
                rest = name.replace(country, "").lower().replace(" ", "")
                found |= {short + rest: region, country.lower().replace(" ", "") + rest: region}
    return {word: region for word, region in found.items() if word not in REGIONS}


TURNED = _turned()
_FORM = r"^(\d[\d,]*)\s*([KMB]\b)?\s*/?\s*(.*)$"
_POWERS = {"K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
_ALONE = {"": "Units", "1 hour": "Hours"}
_MANY = {"Hour": "Hours", "Day": "Days", "Month": "Months", "Unit": "Units", "GB Second": "GB Seconds", "User": "Users"}
_MANY |= {"GB Hour": "GB Hours", "Minute": "Minutes", "Second": "Seconds", "Node": "Nodes", "Core Hours": "Hours"}
_MANY |= {"Connection": "Connections", "Device": "Devices", "API Calls": "Requests", "GiB Hour": "GiB Hours"}


def region(location: pl.Expr) -> pl.Expr:
    """The id of a region however it is written; one that is not known in lower case without blanks."""
    return by_distinct(location, _region, pl.String())


def _region(location: pl.Expr) -> pl.Expr:
    return location.str.to_lowercase().str.replace_all(r"[ _]", "").replace(TURNED)


def region_name(region_id: pl.Expr) -> pl.Expr:
    """The name of a region by its id; null where it is not known."""
    return region_id.replace_strict(REGIONS, default=None, return_dtype=pl.String)


def service(kind: pl.Expr) -> pl.Expr:
    """The service of a resource type; null where it is not known."""
    return _looked_up(kind, {name: told[0] for name, told in TYPES.items()})


def service_category(kind: pl.Expr, consumed: pl.Expr) -> pl.Expr:
    """The category of a resource type, else of the namespace that was consumed; Other where neither is known."""
    by_type = _looked_up(kind, {name: told[1] for name, told in TYPES.items()})
    namespace = consumed.str.to_lowercase()
    return pl.coalesce([by_type, _looked_up(namespace, NAMESPACES), pl.lit(OTHER)])


def _looked_up(word: pl.Expr, table: dict[str, str]) -> pl.Expr:
    return word.replace_strict(table, default=None, return_dtype=pl.String)


def block(measure: pl.Expr) -> pl.Expr:
    """How many units one unit of measure holds, as text: 10000 of "10K", 100 of "100 Hours", 1 of "GB"."""
    return by_distinct(measure, _block, pl.String())


def _block(measure: pl.Expr) -> pl.Expr:
    number = measure.str.extract(_FORM, 1).str.replace_all(",", "")
    power = measure.str.extract(_FORM, 2).replace_strict(_POWERS, default=1, return_dtype=pl.Int64).fill_null(1)
    largest = pl.when(power == 1).then(10**12).otherwise(10**6)
    size = pl.max_horizontal(1, pl.min_horizontal(number.cast(pl.Int64, strict=False).fill_null(1), largest))
    return (size * power).cast(pl.String)


def unit(measure: pl.Expr) -> pl.Expr:
    """The unit alone: Hours of "100 Hours", Units/Month of "10K/Month", Units of "10K"."""
    return by_distinct(measure, _unit, pl.String())


def _unit(measure: pl.Expr) -> pl.Expr:
    rest = pl.coalesce([measure.str.extract(_FORM, 3), measure]).str.strip_chars()
    is_rate = measure.str.contains(r"^[\d,]+\s*[KMB]?\s*/")
    many = rest.replace({"": "Units"} | _MANY)
    return pl.when(is_rate).then(pl.concat_str([pl.lit("Units/"), rest])).otherwise(many)
