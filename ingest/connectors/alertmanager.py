"""Alerts of Alertmanager as they stand: firing, silenced, or suppressed by another alert. Mimir's answers alike.

API: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml (GET /api/v2/alerts).
Needs: read access to the HTTP API; behind a proxy a bearer token or a user that may only read. For Mimir the url ends
in /alertmanager and the header X-Scope-OrgID names the tenant. Of a pair that runs as a cluster one address is enough.
An alert has the fingerprint that the Prometheus connector gives it. Silences stay in Alertmanager: they are people's.
"""

from collections.abc import Iterator

from aurora.contracts.operations import Alerts
from ingest.connector import Connector, Item, Run
from ingest.vendors.alerting import AlertOptions, alert_rows, followed

connector = Connector("alertmanager", AlertOptions, AlertOptions.site)


@connector.stream(Alerts, every="30s")
def fetch_alerts(run: Run[AlertOptions]) -> Iterator[Item]:
    """What fires now; what stays away for `grace` is resolved, at a time that is inferred."""
    yield from followed(run, alert_rows(run, "api/v2/alerts"))
